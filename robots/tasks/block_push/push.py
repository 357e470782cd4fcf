"""One push of the cube by a flat end effector, as a pure function of pose and action.

The cube slides on the table with planar friction: four friction points under it, at ±0.541 of its half
width, resist translation and rotation much as an evenly loaded square does. A fresh pymunk
space is built for each push, so nothing carries over from the push before.
"""

import math
from dataclasses import dataclass

import numpy as np
import pymunk
from numpy.typing import NDArray

from robots.tasks.block_push.geometry import CUBE_HALF, FULL_PUSH, breaks_constraint

PLATE_HALF_DEPTH = 0.004
PLATE_HALF_WIDTH = 0.025
"""Half sizes of the end effector, a plate held at right angles to the push [m]."""
SMALLEST_PUSH = 0.01
"""Actions shorter than this move nothing: the end effector would not overcome friction."""
TRAIL_LENGTH = 16
"""Poses kept of every push, evenly spaced in time, the first and the last included."""
TIMESTEP = 1 / 180
"""Of the engine [s]."""
TABLE_FRICTION = 0.5
"""Coefficient of friction between cube and table."""

_MOMENTS = np.arange(TRAIL_LENGTH, dtype=np.float64)
_MM = 1000.0  # The engine's tolerances suit sizes of tens, so it works in millimetres.
_SPEED = 100.0  # End effector [mm/s]: slow enough that friction, not inertia, decides.
_LONGEST_TRAVEL = 1.5  # Of the wanted displacement: then a push that slips off ends.
_ITERATIONS = 15
_MASS = 0.1  # [kg]
_CONTACT_FRICTION = 0.2  # Smooth plate: the cube turns flush with it and hardly drifts sideways.
_FRICTION_POINT = 0.541  # Of the half width.
_GRAVITY = 9810.0  # [mm/s²]


@dataclass(frozen=True)
class Push:
    """What one push did."""

    pose: NDArray[np.float64]
    """Where the cube came to rest, shape (3,)."""
    violation: bool
    """The cube touched the obstacle or left the workspace, and the push stopped there."""
    trail: NDArray[np.float64]
    """Shape (TRAIL_LENGTH, 5): the cube's x, y, yaw and the end effector's x, y [m, rad]."""


def contact_distance(yaw: float, direction: tuple[float, float]) -> float:
    """How far behind the cube's centre the plate touches it when it comes along a unit direction [m]."""
    cosine, sine = math.cos(yaw), math.sin(yaw)
    along = abs(direction[0] * cosine + direction[1] * sine)
    across = abs(-direction[0] * sine + direction[1] * cosine)
    return CUBE_HALF * (along + across) + PLATE_HALF_DEPTH


def push_cube(pose: NDArray[np.float64], action: NDArray[np.float32]) -> Push:
    """Push the cube at pose, shape (3,), along action, shape (2,), through its centre.

    The end effector is lowered behind the cube, across the direction of the push, and moves until the cube's
    centre has gone |action|·0.06 m along it. Walls and obstacle do not hinder it, they only end the push.
    """
    length = float(np.hypot(float(action[0]), float(action[1])))
    if length < SMALLEST_PUSH:
        return Push(pose.copy(), False, standing(pose))
    direction = (float(action[0]) / length, float(action[1]) / length)
    path = simulate(pose, direction, length * FULL_PUSH)
    broken = breaks_constraint(path[1:, :3])
    violation = bool(broken.any())
    if violation:
        path = path[: int(broken.argmax()) + 2]
    return Push(path[-1, :3].copy(), violation, _resample(path))


def standing(pose: NDArray[np.float64]) -> NDArray[np.float64]:
    """The trail of a cube at pose, shape (3,), that did not move; shape (TRAIL_LENGTH, 5)."""
    return np.tile(np.concatenate([pose, pose[:2]]), (TRAIL_LENGTH, 1))


def simulate(pose: NDArray[np.float64], direction: tuple[float, float], travel: float) -> NDArray[np.float64]:
    """Every moment of a push over travel [m] with nothing in its way, shape (K + 1, 5), as in Push.trail."""
    space, cube, pusher = make_space(pose, direction)
    start_x, start_y = cube.position
    tip, pace = np.array(pusher.position), np.array(pusher.velocity) * TIMESTEP
    step, along_x, along_y = space.step, *direction
    target = travel * _MM
    moments: list[float] = []
    for _ in range(math.ceil(_LONGEST_TRAVEL * target / (_SPEED * TIMESTEP))):
        step(TIMESTEP)
        x, y = cube.position
        moments += (x, y, cube.angle)
        if (x - start_x) * along_x + (y - start_y) * along_y >= target:
            break
    path = np.empty((len(moments) // 3 + 1, 5))
    path[0, :3] = pose
    path[1:, :3] = np.array(moments).reshape(-1, 3)
    path[1:, :2] /= _MM
    path[0, 3:], path[1:, 3:] = tip, pace  # It moves evenly, whatever it meets: there is no need to ask.
    path[:, 3:] = np.add.accumulate(path[:, 3:]) / _MM
    return path


def make_space(
    pose: NDArray[np.float64], direction: tuple[float, float]
) -> tuple[pymunk.Space, pymunk.Body, pymunk.Body]:
    """A new space in millimetres, the cube in it at pose, shape (3,), and the end effector that touches it
    from behind, across the direction of a push, and moves along it."""
    space = pymunk.Space()
    space.iterations = _ITERATIONS
    space.collision_slop = 0.01
    cube = add_cube(space, pose)
    start_x, start_y = cube.position
    back = contact_distance(float(pose[2]), direction) * _MM
    pusher = pymunk.Body(body_type=pymunk.Body.KINEMATIC)
    pusher.position = (start_x - direction[0] * back, start_y - direction[1] * back)
    pusher.angle = math.atan2(direction[1], direction[0])
    plate = pymunk.Poly.create_box(pusher, (2 * PLATE_HALF_DEPTH * _MM, 2 * PLATE_HALF_WIDTH * _MM))
    plate.friction = 1.0
    space.add(pusher, plate)
    pusher.velocity = (
        direction[0] * _SPEED,
        direction[1] * _SPEED,
    )  # Set last: the engine's contacts depend on it.
    return space, cube, pusher


def add_cube(space: pymunk.Space, pose: NDArray[np.float64]) -> pymunk.Body:
    """Put the cube at pose, shape (3,), into a space in millimetres, with the table's friction under it."""
    side = 2 * CUBE_HALF * _MM
    body = pymunk.Body(_MASS, pymunk.moment_for_box(_MASS, (side, side)))
    body.position = (float(pose[0]) * _MM, float(pose[1]) * _MM)
    body.angle = float(pose[2])
    box = pymunk.Poly.create_box(body, (side, side))
    box.friction = _CONTACT_FRICTION  # The engine multiplies both sides' friction; the plate's is 1.
    space.add(body, box)
    offset = _FRICTION_POINT * CUBE_HALF * _MM
    for x, y in ((offset, offset), (-offset, offset), (-offset, -offset), (offset, -offset)):
        friction = pymunk.PivotJoint(space.static_body, body, (0, 0), (x, y))
        friction.max_bias = 0  # Never pulls back: all that is left of the joint is its braking force.
        friction.max_force = TABLE_FRICTION * _MASS * _GRAVITY / 4
        space.add(friction)
    return body


def _resample(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """TRAIL_LENGTH moments of a path, shape (K, 5), linear in between."""
    at = _MOMENTS * ((len(path) - 1) / (TRAIL_LENGTH - 1))
    at[-1] = len(path) - 1
    before = np.minimum(at.astype(np.intp), len(path) - 2)
    share = (at - before)[:, None]
    trail: NDArray[np.float64] = (path[before + 1] - path[before]) * share + path[before]
    trail[-1] = path[-1]
    return trail
