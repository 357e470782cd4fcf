"""Overhead cameras that are there: calibrated, looked straight down through, watched."""
