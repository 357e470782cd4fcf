"""The scripted supervisor for navigation: up or down at the fork by chance, then along the middle."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from robots import snapshots
from robots.checks import check_ids
from robots.fleet import Snapshot
from robots.randomness import check_seed, generator_for, pack, unpack
from robots.tasks.navigation.maze import (
    ARM_OFFSET,
    CENTRE_ROW,
    CORRIDOR_COLUMNS,
    CORRIDOR_HALF_ROWS,
    GOAL,
    OBSTACLE_COLUMNS,
    OBSTACLE_HALF_ROWS,
)

ACTION_NOISE = 0.05
"""Standard deviation of the Gaussian noise on each component of an action; ten of it round away."""

_SNAPSHOT_VERSION = 1


class TrueState(Protocol):
    """What this supervisor looks at."""

    def cells(self) -> NDArray[np.float64]:
        """(N, 2), whole numbers."""

    def winds(self) -> NDArray[np.float64]:
        """(N,) [cells per step]."""

    def episodes(self) -> NDArray[np.int64]:
        """(N,), how many episodes each robot has ended."""


def intended_step(column: int, row: int, wind: float, side: int) -> tuple[float, float]:
    """The step without noise from a free cell, in [-1, 1]^2, under wind in +y [cells per step].

    side: +1 to go above the obstacle, -1 to go below it; it only counts where both are as near, on the
    centre row in front of the obstacle. Elsewhere the nearer way is taken, and no step ends in a wall.
    """
    offset = row - CENTRE_ROW
    if column < OBSTACLE_COLUMNS.start:
        return _before_the_obstacle(column, offset, side)
    if column < OBSTACLE_COLUMNS.stop:
        arm = ARM_OFFSET if offset > 0 else -ARM_OFFSET
        return 1.0, _unit(arm - offset)
    if column < CORRIDOR_COLUMNS.start and abs(offset) > CORRIDOR_HALF_ROWS:
        middle_of_passage = column > OBSTACLE_COLUMNS.stop
        return (0.0 if middle_of_passage else 1.0), _unit(-offset)
    return _unit(GOAL[0] - column), _unit(-offset - wind)


def _before_the_obstacle(column: int, offset: int, side: int) -> tuple[float, float]:
    if abs(offset) > OBSTACLE_HALF_ROWS:
        arm = ARM_OFFSET if offset > 0 else -ARM_OFFSET
        return 1.0, _unit(arm - offset)
    if offset != 0:
        return 0.0, float(np.sign(offset))
    at_fork = column == OBSTACLE_COLUMNS.start - 1
    return (0.0, float(side)) if at_fork else (1.0, 0.0)


def _unit(value: float) -> float:
    return max(-1.0, min(1.0, float(value)))


class ScriptedNavigation:
    """Implements robots.fleet.Supervisor for the navigation task.

    It goes above or below the obstacle with equal probability: drawn for each robot and episode, and the
    same in every step of it. seed: of these choices and of its action noise, a whole number of at least
    0. Raises FleetError for other values.
    """

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self._generator = generator_for(check_seed(seed))
        self._key = int(self._generator.integers(2**62))

    def side(self, robot: int, episode: int) -> int:
        """Which way it goes round the obstacle in an episode of a robot: +1 above, -1 below."""
        draw = np.random.SeedSequence([self._key, robot, episode]).generate_state(1)[0]
        return 1 if int(draw) & 1 else -1

    def actions(self, fleet: TrueState, ids: Sequence[int]) -> NDArray[np.float32]:
        """Its steps for these robots, with noise, in [-1, 1]; shape (len(ids), 2)."""
        cells, winds, episodes = fleet.cells(), fleet.winds(), fleet.episodes()
        chosen = check_ids(ids, len(cells))
        steps = np.zeros((len(chosen), 2))
        for index, robot in enumerate(chosen):
            column, row = (int(value) for value in cells[robot])
            side = self.side(robot, int(episodes[robot]))
            steps[index] = intended_step(column, row, float(winds[robot]), side)
        steps += self._generator.normal(0.0, ACTION_NOISE, steps.shape)
        return np.clip(steps, -1.0, 1.0).astype(np.float32)

    def snapshot(self) -> Snapshot:
        """State of its own generator, and the key of its choices."""
        return {
            snapshots.HEADER: snapshots.header("scripted_navigation", _SNAPSHOT_VERSION),
            "generator": pack([self._generator]),
            "key": np.array([self._key], dtype=np.int64),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Raises FleetError for a snapshot of another kind of supervisor."""
        snapshots.check(snapshot, self.snapshot(), f"supervisor {self.name!r}")
        (self._generator,) = unpack(snapshot["generator"])
        self._key = int(snapshot["key"][0])
