"""How near a pushed cube is to each rule of its task, and how sure a judgement that near can be."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from robots.tasks.block_push.geometry import GOAL_RADIUS, OBSTACLE_HALF, WORKSPACE_HALF, corners

TOUCH = 0.0005
"""A cube this near to the obstacle or a wall counts as touching it: one that ran into it rests there [m]."""
SHARP = 0.0002
"""Standard deviation of the position that a clear picture tells [m]."""
VAGUE = 0.006
"""And of one that tells next to nothing [m]."""

_NORMAL = NormalDist()


@dataclass(frozen=True)
class Judgement:
    """What a pose comes to."""

    success: bool
    violation: bool
    confidence: float
    """That both are so, 0 to 1, given that the pose is so but for its spread."""


def room(pose: tuple[float, float, float]) -> float:
    """From the cube to the obstacle or the walls, whichever is nearer [m]; below 0 where it is in them."""
    points = corners(np.array(pose)[None])[0]
    return min(WORKSPACE_HALF - float(np.abs(points).max()), _from_obstacle(points))


def _from_obstacle(points: NDArray[np.float64]) -> float:
    """The widest gap along any side of either square, (4, 2) [m]: beside a corner a little less than true."""
    flat = max(float(points[:, axis].min()) for axis in (0, 1))
    flat = max(flat, *(-float(points[:, axis].max()) for axis in (0, 1))) - OBSTACLE_HALF
    gaps = [flat]
    for first, second in ((0, 1), (1, 2)):
        side = points[second] - points[first]
        normal = np.array([side[1], -side[0]]) / np.linalg.norm(side)
        along = points @ normal
        reach = OBSTACLE_HALF * float(np.abs(normal).sum())
        gaps += [float(along.min()) - reach, -float(along.max()) - reach]
    return max(gaps)


def spread(confidence: float, error: float) -> float:
    """Standard deviation [m] of a position read with a confidence, through a camera with an error [m]."""
    return float(np.hypot(SHARP + (1.0 - confidence) * (VAGUE - SHARP), error))


def judge_pose(pose: tuple[float, float, float], goal: tuple[float, float], deviation: float) -> Judgement:
    """Whether the cube touches something, or has reached the goal; deviation: of its position [m].

    The confidence falls to one half on the border of a rule.
    """
    free = room(pose) - TOUCH
    inside = GOAL_RADIUS - float(np.hypot(pose[0] - goal[0], pose[1] - goal[1]))
    violation = free <= 0.0
    sure = _NORMAL.cdf(abs(free) / deviation)
    if not violation:
        sure *= _NORMAL.cdf(abs(inside) / deviation)
    return Judgement(not violation and inside >= 0.0, violation, sure)
