"""Simulated and real robot fleets, their cameras and their algorithmic supervisors."""
