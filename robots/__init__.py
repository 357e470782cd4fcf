"""Simulated and real robot fleets, their cameras and their algorithmic supervisors."""

from robots.backends.opengl import let_mujoco_be_imported

let_mujoco_be_imported()
