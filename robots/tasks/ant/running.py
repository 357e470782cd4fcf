"""What is wanted of an ant: the published task's reward, and when it has fallen. Pure."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NAME = "ant"
EPISODE_LENGTH = 1000
STEP = 0.0166
"""Seconds of one step."""
FALLEN = 0.31
"""A torso below this height has fallen [m]."""
SPEED_SCALE = 0.2
"""Joint speeds in observations and in the energy that running costs are scaled by this."""
FORCE_SCALE = 0.1
"""Forces and torques of the feet in observations are scaled by this."""
FALL_REWARD = -2.0


def reward(
    progress: Floats, up: Floats, heading: Floats, joints: Floats, speeds: Floats, actions: Floats
) -> Floats:
    """Reward of a step in which an ant did not fall, (N,).

    progress: speed towards the target, (N,) [m/s]. up, heading: cosines between the torso's z axis and the
    vertical, and between its x axis and the way to the target, (N,). joints: angles scaled to [-1, 1] by
    their limits, (N, 8). speeds: of the joints, scaled by SPEED_SCALE, (N, 8). actions, (N, 8).
    """
    alive = 0.5
    straight = 0.5 * np.minimum(heading / 0.8, 1.0)
    upright = 0.1 * (up > 0.93)
    effort = 0.005 * (actions**2).sum(axis=1) + 0.05 * np.abs(actions * speeds).sum(axis=1)
    at_limits = 0.1 * (joints > 0.99).sum(axis=1)
    total: Floats = progress + alive + straight + upright - effort - at_limits
    return total
