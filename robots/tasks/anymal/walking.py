"""What is wanted of ANYmal: the published task's commands and reward. Pure."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NAME = "anymal"
EPISODE_LENGTH = 2500
STEP = 0.02
"""Seconds of one step."""
COMMANDS = np.array([2.0, 1.0, 1.0])
"""Largest commanded speeds: forward, to the left [m/s], turning [rad/s]; drawn evenly from both signs."""
LINEAR_SCALE = 2.0
ANGULAR_SCALE = 0.25
JOINT_SPEED_SCALE = 0.05
"""Speeds in observations are scaled by these."""


def reward(commands: Floats, linear: Floats, angular: Floats, torques: Floats) -> Floats:
    """Reward of a step, (N,), at most 0.03.

    commands, (N, 3), see COMMANDS. linear, angular: velocities of the base in its own frame, (N, 3) [m/s,
    rad/s]. torques: of the joints, (N, 12) [N m].
    """
    off = ((commands[:, :2] - linear[:, :2]) ** 2).sum(axis=1)
    turning_off = (commands[:, 2] - angular[:, 2]) ** 2
    tracking = np.exp(-off / 0.25) + 0.5 * np.exp(-turning_off / 0.25)
    total: Floats = STEP * np.maximum(tracking - 2.5e-5 * (torques**2).sum(axis=1), 0.0)
    return total
