"""Sizes of the block pushing workspace, and the pure geometry of cube, obstacle, walls and goal.

The origin is the centre of the workspace and of the obstacle; x points right, y up, lengths in metres.
A pose is (x, y, yaw), yaw counter-clockwise in radians.
"""

import math

import numpy as np
from numpy.typing import NDArray

WORKSPACE_HALF = 0.20
"""Half the side of the square workspace [m]."""
OBSTACLE_HALF = 0.05
"""Half the side of the square obstacle at the centre [m]."""
CUBE_HALF = 0.02
"""Half the side of the cube [m]."""
RING_RADIUS = 0.125
"""Cubes start, and goals lie, this far from the centre [m]."""
GOAL_RADIUS = 0.025
"""The goal is reached when the cube's centre is this near to it [m]."""
FULL_PUSH = 0.06
"""Displacement of the cube's centre that an action of length 1.0 asks for [m]."""
EPISODE_LENGTH = 50
"""Steps that stand for one episode. A goal never times out: this is only the unit of average reward."""

_REACH = 1.5 * CUBE_HALF  # Farther from the cube's centre than its corners.
_UNIT_CORNERS = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], dtype=np.float64)


def corners(poses: NDArray[np.float64], half: float = CUBE_HALF) -> NDArray[np.float64]:
    """Corners of squares at poses, shape (K, 3), counter-clockwise; shape (K, 4, 2) [m]."""
    cosine, sine = np.cos(poses[:, 2, None]), np.sin(poses[:, 2, None])  # (K, 1)
    local = _UNIT_CORNERS * half
    x = poses[:, 0, None] + cosine * local[:, 0] - sine * local[:, 1]  # (K, 4)
    y = poses[:, 1, None] + sine * local[:, 0] + cosine * local[:, 1]
    return np.stack([x, y], axis=-1)


def touches_obstacle(poses: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the cube at each pose, shape (K, 3), touches the obstacle; shape (K,).

    Two convex shapes are apart exactly when some side of one of them separates them.
    """
    points = corners(poses)
    apart_along_obstacle = (points.min(axis=1) > OBSTACLE_HALF) | (points.max(axis=1) < -OBSTACLE_HALF)
    cosine, sine = np.cos(poses[:, 2]), np.sin(poses[:, 2])
    half_shadow = OBSTACLE_HALF * (np.abs(cosine) + np.abs(sine)) + CUBE_HALF  # (K,)
    along = np.abs(poses[:, 0] * cosine + poses[:, 1] * sine)
    across = np.abs(-poses[:, 0] * sine + poses[:, 1] * cosine)
    apart_along_cube = np.maximum(along, across) > half_shadow
    touching: NDArray[np.bool_] = ~(apart_along_obstacle.any(axis=1) | apart_along_cube)
    return touching


def leaves_workspace(poses: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether any corner of the cube at each pose, shape (K, 3), is outside the workspace; shape (K,)."""
    outside: NDArray[np.bool_] = np.abs(corners(poses)).max(axis=(1, 2)) > WORKSPACE_HALF
    return outside


def breaks_constraint(poses: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each pose, shape (K, 3), calls for a hard reset; shape (K,)."""
    farthest = np.abs(poses[:, :2]).max(axis=1)
    near = (farthest < OBSTACLE_HALF + _REACH) | (farthest > WORKSPACE_HALF - _REACH)
    broken = np.zeros(len(poses), dtype=np.bool_)
    if near.any():  # Elsewhere the cube touches nothing, however it is turned.
        broken[near] = touches_obstacle(poses[near]) | leaves_workspace(poses[near])
    return broken


def reaches_goal(poses: NDArray[np.float64], goals: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each cube, shape (K, 3), is within the radius of its goal, shape (K, 2); shape (K,)."""
    near: NDArray[np.bool_] = np.hypot(*(poses[:, :2] - goals).T) <= GOAL_RADIUS
    return near


def opposite(position: NDArray[np.float64]) -> NDArray[np.float64]:
    """The goal opposite to a cube at position, shape (2,): its point reflection, moved onto the ring [m]."""
    distance = math.hypot(*position)
    return position * (-RING_RADIUS / distance)


def on_ring(angle: float) -> NDArray[np.float64]:
    """The point of the ring at an angle [rad], shape (2,) [m]."""
    return np.array([math.cos(angle), math.sin(angle)]) * RING_RADIUS
