"""Runs, robots, assignments and interventions: what happened, and the runner that makes it happen."""
