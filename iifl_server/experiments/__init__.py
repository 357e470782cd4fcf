"""Headless runs and the comparisons built on them."""
