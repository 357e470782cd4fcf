"""The table under one simulated arm: a cube that a plate sweeps along, at any moment of time."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pymunk
from numpy.typing import NDArray

from robots.fleet import RobotsError
from robots.tasks.block_push.geometry import CUBE_HALF, WORKSPACE_HALF, breaks_constraint, on_ring
from robots.tasks.block_push.push import PLATE_HALF_DEPTH, PLATE_HALF_WIDTH, TIMESTEP, add_cube

DEEPEST_M = 0.003
"""A plate that is lowered this far into the cube slips down its side; farther in it lands on top [m]."""

_MM = 1000.0  # The engine's tolerances suit sizes of tens, so it works in millimetres.
_PACE = 100.0 * TIMESTEP  # Per step [mm]: slow enough that friction, not inertia, decides.

Point = tuple[float, float]
Pose = tuple[float, float, float]


class WorldError(RobotsError):
    """Something cannot happen on this table; the message is a sentence with the mend."""


@dataclass(frozen=True)
class Scene:
    """What lies and stands on the table at one moment, in the workspace: x right, y up, centre at 0."""

    cube: Pose
    """x, y [m], yaw [rad]."""
    tool: Point | None
    """Middle of the plate while it is lowered [m]; None while the arm is out of the camera's view."""
    heading: float = 0.0
    """Which way the plate faces, across its own width [rad]."""


class World(Protocol):
    """What a camera needs to know of a table."""

    def scene(self) -> Scene:
        """What is there now; callable from any thread."""


@dataclass(frozen=True)
class Moments:
    """When the parts of a sweep happen, by the world's clock [s]; in this order."""

    raised: float
    """A plate that a stop left standing on the table leaves it."""
    lowered: float
    """The plate comes into view where the sweep begins, and stands."""
    starts: float
    ends: float
    """The plate moves from `starts` until here, and stands again."""
    lifted: float


@dataclass(frozen=True)
class Sweep:
    """A lowered plate on its way from one point to another, and the cube that it takes along."""

    trail: NDArray[np.float64]
    """Shape (K, 5), K ≥ 2: the cube's x, y, yaw and the plate's x, y [m, rad], evenly spaced in time."""
    heading: float
    moments: Moments
    before: Scene
    """What was there when the sweep was planned."""
    stops_at: float = math.inf
    """From here on everything stands still [s]."""

    def at(self, now: float) -> Scene:
        """The scene at a moment of, before or after the sweep."""
        now, when = min(now, self.stops_at), self.moments
        if now < when.lowered:
            return self.before if now < when.raised else replace(self.before, tool=None)
        share = (now - when.starts) / max(when.ends - when.starts, 1e-9)
        place = min(max(share, 0.0), 1.0) * (len(self.trail) - 1)
        row = min(int(place), len(self.trail) - 2)
        x, y, yaw, tool_x, tool_y = (
            self.trail[row] + (self.trail[row + 1] - self.trail[row]) * (place - row)
        ).tolist()
        return Scene((x, y, yaw), (tool_x, tool_y) if now < when.lifted else None, self.heading)


class WorldTwin:
    """One arm's table. Motions are planned whole and looked up by the clock, so nothing runs in between.

    Obstacle and walls are as in the simulated task: a cube that touches one stays there, and the plate, which
    bends, passes over it. pose: where the cube lies at first, x, y [m], yaw [rad].
    """

    def __init__(self, pose: Pose | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        x, y = on_ring(0.0).tolist()
        self._clock = clock
        self._lock = threading.Lock()
        self._scene = Scene(_checked(pose) if pose is not None else (x, y, 0.0), None)
        self._sweep: Sweep | None = None

    def scene(self) -> Scene:
        """What is there now."""
        return self.pose(self._clock())

    def pose(self, now: float) -> Scene:
        """What is there at a moment of the motion under way, or of the last one, by this world's clock."""
        with self._lock:
            return self._at(now)

    def hands(self, pose: Pose) -> None:
        """Somebody lays the cube at x, y [m], yaw [rad]; raises WorldError where it cannot lie, or while an
        arm is moving.
        """
        pose = _checked(pose)
        with self._lock:
            if self._sweep is not None and self._clock() < min(
                self._sweep.moments.lifted, self._sweep.stops_at
            ):
                raise WorldError(
                    "The arm is moving. Wait for its end, or stop it, and put the cube back then."
                )
            self._scene, self._sweep = replace(self._at(math.inf), cube=pose), None

    def sweep(self, begin: Point, end: Point, moments: Moments) -> None:
        """Plan the plate's way from begin to end [m].

        Raises WorldError, and changes nothing, where the plate would be lowered onto the cube.
        """
        with self._lock:
            resting = self._at(math.inf)
            trail = sweep_cube(resting.cube, begin, end)
            heading = math.atan2(end[1] - begin[1], end[0] - begin[0])
            self._sweep = Sweep(trail, heading, moments, resting)

    def halt(self, at: float) -> None:
        """Plate and cube stand still from a moment on, which may lie ahead; no effect after the sweep."""
        with self._lock:
            if self._sweep is not None and at < self._sweep.moments.lifted:
                self._sweep = replace(self._sweep, stops_at=min(at, self._sweep.stops_at))

    def lift(self) -> None:
        """The plate leaves the table, wherever it stands: somebody jogged the arm away."""
        with self._lock:
            self._scene, self._sweep = replace(self._at(self._clock()), tool=None), None

    def _at(self, now: float) -> Scene:
        return self._scene if self._sweep is None else self._sweep.at(now)


def sweep_cube(pose: Pose, begin: Point, end: Point) -> NDArray[np.float64]:
    """What a plate that is lowered at begin and moved to end does to a cube at pose; shape (K, 5), K ≥ 2.

    Rows are evenly spaced in time: the cube's x, y, yaw and the plate's x, y [m, rad]. Raises WorldError
    where the plate would land on the cube.
    """
    distance = math.hypot(end[0] - begin[0], end[1] - begin[1]) * _MM
    heading = math.atan2(end[1] - begin[1], end[0] - begin[0])
    steps = max(math.ceil(distance / _PACE), 1)
    space = pymunk.Space()
    space.iterations = 15
    space.collision_slop = 0.01
    cube = add_cube(space, np.array(pose))
    plate = pymunk.Body(body_type=pymunk.Body.KINEMATIC)
    plate.position = (begin[0] * _MM, begin[1] * _MM)
    plate.angle = heading
    shape = pymunk.Poly.create_box(plate, (2 * PLATE_HALF_DEPTH * _MM, 2 * PLATE_HALF_WIDTH * _MM))
    shape.friction = 1.0
    space.add(plate, shape)
    space.reindex_shapes_for_body(plate)
    if _overlap(pose, begin, heading) > DEEPEST_M:
        raise WorldError(
            f"The plate was lowered onto the cube at x {pose[0]:.3f}, y {pose[1]:.3f} m. Begin the motion "
            "behind the cube."
        )
    pace = distance / steps / TIMESTEP
    plate.velocity = (pace * math.cos(heading), pace * math.sin(heading))
    rows = [[*pose, *begin]]
    for _ in range(steps):
        space.step(TIMESTEP)
        x, y = cube.position
        tool = plate.position
        rows.append([x / _MM, y / _MM, cube.angle, tool[0] / _MM, tool[1] / _MM])
    path = np.array(rows)
    broken = breaks_constraint(path[:, :3])
    if broken.any():
        path[broken.argmax() :, :3] = path[broken.argmax(), :3]
    return path


def _overlap(pose: Pose, begin: Point, heading: float) -> float:
    """How far a lowered plate would stand in the cube [m]: the shortest way out, by separating axes."""
    between = np.array(begin) - np.array(pose[:2])
    shortest = math.inf
    for angle in (pose[2], pose[2] + math.pi / 2, heading, heading + math.pi / 2):
        axis = np.array([math.cos(angle), math.sin(angle)])
        cosine, sine = abs(math.cos(angle - pose[2])), abs(math.sin(angle - pose[2]))
        along, across = abs(math.cos(angle - heading)), abs(math.sin(angle - heading))
        reach = CUBE_HALF * (cosine + sine) + PLATE_HALF_DEPTH * along + PLATE_HALF_WIDTH * across
        shortest = min(shortest, reach - abs(float(between @ axis)))
    return max(shortest, 0.0)


def _checked(pose: Pose) -> Pose:
    x, y, yaw = (float(value) for value in pose)
    if not (math.isfinite(yaw) and abs(x) <= WORKSPACE_HALF and abs(y) <= WORKSPACE_HALF):
        raise WorldError(
            f"A cube cannot lie at x {x}, y {y} m, yaw {yaw}: x and y go from -{WORKSPACE_HALF} to "
            f"{WORKSPACE_HALF} m, and yaw is a finite angle in radians."
        )
    return x, y, yaw
