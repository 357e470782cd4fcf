"""Algorithmic supervisors: scripted and trained experts."""
