"""Overhead cameras that are there: calibrating them, looking straight down through them, noticing that they moved."""
