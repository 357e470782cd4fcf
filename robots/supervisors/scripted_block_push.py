"""Scripted supervisors for block pushing: straight pushes along the shortest way round the obstacle."""

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from robots import snapshots
from robots.checks import check_ids
from robots.fleet import FleetError, Snapshot
from robots.randomness import check_seed, generator_for, pack, unpack
from robots.supervisors.waypoints import Direction, along, choose, shortest_ways
from robots.tasks.block_push.geometry import FULL_PUSH

INFLATED_HALF = 0.092
"""Half width of the obstacle with room for the cube at any yaw and for action noise [m]."""
TIE = 0.02
"""The two ways round count as equal when their lengths differ by no more than this [m]."""
CORNER_REACHED = 0.02
"""A corner nearer than this is turned with the next push [m]."""
ACTION_NOISE = 0.1
"""Standard deviation of the Gaussian noise on each component of an action."""

_SNAPSHOT_VERSION = 1
_DIRECTIONS: tuple[Direction, ...] = ("clockwise", "counterclockwise")


class TrueState(Protocol):
    """What these supervisors look at."""

    def poses(self) -> NDArray[np.float64]:
        """(N, 3), x, y [m] and yaw [rad]."""

    def goals(self) -> NDArray[np.float64]:
        """(N, 2) [m]."""


def intended_push(
    position: NDArray[np.float64], goal: NDArray[np.float64], direction: Direction
) -> NDArray[np.float64]:
    """The push without noise from position towards goal, both shape (2,) [m]: an action, shape (2,).

    It points straight at the next corner of the inflated obstacle or at the goal, and has length 1.0, or
    what remains to that point. From right before a corner it points round it, one full push along the way:
    otherwise ever shorter pushes would creep up to the corner.
    """
    start = (float(position[0]), float(position[1]))
    ways = shortest_ways(start, (float(goal[0]), float(goal[1])), INFLATED_HALF)
    points = choose(ways, direction, TIE).points
    at_corner = len(points) > 1 and math.dist(start, points[0]) < CORNER_REACHED
    x, y = along(start, points, FULL_PUSH) if at_corner else points[0]
    push = np.array([x - start[0], y - start[1]]) / FULL_PUSH
    return push / max(1.0, math.hypot(*push))


class ScriptedBlockPush:
    """Implements robots.fleet.Supervisor for the block_push task.

    direction: which way round it goes where both are equal. seed: of its action noise, a whole number of
    at least 0. Raises FleetError for other values.
    """

    def __init__(self, name: str, direction: Direction, seed: int) -> None:
        if direction not in _DIRECTIONS:
            raise FleetError(f"direction is {direction!r}, but must be one of {', '.join(_DIRECTIONS)}")
        self.name = name
        self.direction = direction
        self._generator = generator_for(check_seed(seed))

    def actions(self, fleet: TrueState, ids: Sequence[int]) -> NDArray[np.float32]:
        """Its pushes for these robots, with noise, in [-1, 1]; shape (len(ids), 2)."""
        poses, goals = fleet.poses(), fleet.goals()
        chosen = check_ids(ids, len(poses))
        pushes = np.zeros((len(chosen), 2))
        for row, robot in enumerate(chosen):
            pushes[row] = intended_push(poses[robot, :2], goals[robot], self.direction)
        pushes += self._generator.normal(0.0, ACTION_NOISE, pushes.shape)
        return np.clip(pushes, -1.0, 1.0).astype(np.float32)

    def snapshot(self) -> Snapshot:
        """State of its own generator."""
        return {
            snapshots.HEADER: snapshots.header(f"scripted_block_push {self.direction}", _SNAPSHOT_VERSION),
            "generator": pack([self._generator]),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Raises FleetError for a snapshot of another kind of supervisor."""
        snapshots.check(snapshot, self.snapshot(), f"supervisor {self.name!r}")
        (self._generator,) = unpack(snapshot["generator"])
