"""From an action to the motion of the end effector that pushes the cube so."""

import math

import numpy as np
from numpy.typing import NDArray

from robots.fleet import FleetError
from robots.remote.side import Reach
from robots.tasks.block_push.geometry import FULL_PUSH, OBSTACLE_HALF
from robots.tasks.block_push.push import (
    PLATE_HALF_DEPTH,
    PLATE_HALF_WIDTH,
    SMALLEST_PUSH,
    contact_distance,
    simulate,
)

SPEED = 0.1
"""Of a push [m/s]: slow enough that friction, not inertia, decides."""
CLEARANCE = 0.005
"""Between plate and cube where the plate is lowered, if there is room [m]."""
LEAST_CLEARANCE = 0.0015
"""And at least: more than the camera is off [m]."""

_STEP = 0.0005


class NoMotion(FleetError):
    """An action so small that nothing moves: it is done as soon as it is asked for, and no arm is told."""


def reach_for(pose: tuple[float, float, float], action: NDArray[np.float32], speed: float = SPEED) -> Reach:
    """The straight motion that takes a cube at pose, x, y [m], yaw [rad], along an action, shape (2,).

    The plate is lowered behind the cube, across the push, and goes on until the cube's centre has gone
    |action|·0.06 m along, by the same model of a push that the simulated task has: a cube that is turned
    first comes flush with the plate on the way. Raises NoMotion for an action shorter than SMALLEST_PUSH,
    and FleetError for one that is no direction, or where the plate would be lowered onto the obstacle.
    """
    values = np.asarray(action, dtype=np.float64)
    if values.shape != (2,) or not np.isfinite(values).all():
        raise FleetError(f"action is {action!r}, but must be two finite numbers from -1 to 1")
    values = np.clip(values, -1.0, 1.0)
    length = math.hypot(*values)
    if length < SMALLEST_PUSH:
        raise NoMotion(
            f"an action of length {length:.3f} moves nothing: {SMALLEST_PUSH} at least is pushed; it is done"
        )
    direction = (float(values[0] / length), float(values[1] / length))
    behind = contact_distance(pose[2], direction)
    for clearance in np.arange(CLEARANCE, LEAST_CLEARANCE - 1e-9, -_STEP).tolist():
        begin = _along(pose, direction, -behind - clearance)
        if not _on_obstacle(begin, direction):
            path = simulate(np.array(pose), direction, length * FULL_PUSH)
            return Reach(begin, (float(path[-1, 3]), float(path[-1, 4])), speed)
    raise FleetError(
        f"there is no room for the plate between the obstacle and the cube at x {pose[0]:.3f}, "
        f"y {pose[1]:.3f} m for a push towards ({direction[0]:.2f}, {direction[1]:.2f}): push another way, "
        "or move the cube by hand"
    )


def _along(
    pose: tuple[float, float, float], direction: tuple[float, float], distance: float
) -> tuple[float, float]:
    return pose[0] + direction[0] * distance, pose[1] + direction[1] * distance


def _on_obstacle(place: tuple[float, float], direction: tuple[float, float]) -> bool:
    """Whether a plate at a place, facing a direction, would stand on the obstacle: no side separates them."""
    x, y = place
    depth, width = PLATE_HALF_DEPTH, PLATE_HALF_WIDTH
    along_x, along_y = abs(direction[0]), abs(direction[1])
    apart = (
        abs(x) > OBSTACLE_HALF + depth * along_x + width * along_y,
        abs(y) > OBSTACLE_HALF + depth * along_y + width * along_x,
        abs(x * direction[0] + y * direction[1]) > depth + OBSTACLE_HALF * (along_x + along_y),
        abs(y * direction[0] - x * direction[1]) > width + OBSTACLE_HALF * (along_x + along_y),
    )
    return not any(apart)
