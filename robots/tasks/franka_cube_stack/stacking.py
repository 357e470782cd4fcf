"""What is wanted of the cubes: reward and success of the published task, and where cubes start. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NAME = "franka_cube_stack"
EPISODE_LENGTH = 500
"""Steps until an episode times out, as in the published demonstrations."""
TABLE_TOP = 1.025
"""Height of the table [m]."""
SIZE_A = 0.05
"""Side of cube A, which is to be stacked [m]."""
SIZE_B = 0.07
"""Side of cube B, which it is stacked on [m]."""
START_HALF = 0.25
"""Cubes start within a square of this half width round the table's middle [m]."""
START_YAW = 0.785
"""... and turned by up to this much either way [rad]."""
START_APART = (SIZE_A + SIZE_B) * np.sqrt(2)
"""... and at least this far from each other [m]."""
STACK_REWARD = 16.0
PLACE_ON_B = np.array([0.0, 0.0, (SIZE_A + SIZE_B) / 2])
"""Where cube A's middle is to be, as seen from cube B's [m]."""


@dataclass(frozen=True)
class Judgement:
    """Rewards and stacks of K robots, each (K,)."""

    reward: Floats
    stacked: NDArray[np.bool_]


def judge(a: Floats, b: Floats, grip: Floats, left_tip: Floats, right_tip: Floats) -> Judgement:
    """Reward of the published task; every argument is a position, shape (K, 3) [m].

    0.1 for nearness of the hand and both finger tips to cube A, 1.5 while A is lifted by more than 4 cm, 2.0
    for nearness of the lifted A to its place on B; 16 instead of all that once A lies on B (within 2 cm
    across and 2 cm in height) and the hand is more than 4 cm away.
    """
    off = a - b
    to_hand, to_left, to_right, to_place = _lengths(
        np.array([a - grip, a - left_tip, a - right_tip, off - PLACE_ON_B])
    )
    height = a[:, 2] - TABLE_TOP
    lifted = height - SIZE_A > 0.04
    aligned = (1 - np.tanh(10.0 * to_place)) * lifted
    near = np.maximum(1 - np.tanh(10.0 * (to_hand + (to_left + to_right)) / 3), aligned)
    stacked = (
        (_lengths(off[:, :2]) < 0.02) & (np.abs(height - (SIZE_B + SIZE_A / 2)) < 0.02) & (to_hand > 0.04)
    )
    reward = np.where(stacked, STACK_REWARD, 0.1 * near + 1.5 * lifted + 2.0 * aligned)
    return Judgement(reward, stacked)


def _lengths(vectors: Floats) -> Floats:
    """Lengths along the last axis."""
    lengths: Floats = np.sqrt((vectors * vectors).sum(axis=-1))
    return lengths


def draw_cubes(generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Poses of cubes A and B at the start of an episode: (7,), x, y, z [m] and quaternion, w first."""
    b = generator.uniform(-START_HALF, START_HALF, 2)
    a = generator.uniform(-START_HALF, START_HALF, 2)
    while np.hypot(*(a - b)) < START_APART:
        a = generator.uniform(-START_HALF, START_HALF, 2)
    return _lying(a, SIZE_A, generator), _lying(b, SIZE_B, generator)


def _lying(place: Floats, size: float, generator: np.random.Generator) -> Floats:
    half_yaw = generator.uniform(-START_YAW, START_YAW) / 2
    return np.array([*place, TABLE_TOP + size / 2, np.cos(half_yaw), 0.0, 0.0, np.sin(half_yaw)])
