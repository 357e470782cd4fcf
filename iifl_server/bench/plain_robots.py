"""Single robots in plain Python, as one writes an environment of one's own: what fleets are measured against.

Each takes the same action and gives the same observation, reward and violation as one robot of a fleet does
(tests hold them to it), with no array of more than one robot in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from robots.tasks.navigation import maze


@dataclass(frozen=True)
class Outcome:
    """What one step of one robot brought."""

    observation: NDArray[np.float32]
    reward: float
    violation: bool


class PlainRobot(Protocol):
    """One robot of a task."""

    def load(self, memory: Mapping[str, NDArray[Any]]) -> None:
        """Take over where a fleet's robot stands: its part of every array of the fleet's snapshot."""

    def step(self, action: NDArray[np.float32]) -> Outcome:
        """Move once; action, shape (A,)."""


class PlainNavigation:
    """One robot in the maze."""

    def __init__(self) -> None:
        self.cell = np.array(maze.START, dtype=np.float64)
        self.waiting = False

    def load(self, memory: Mapping[str, NDArray[Any]]) -> None:
        """Take over where a fleet's robot stands: its part of every array of the fleet's snapshot."""
        self.cell = memory["cells"].copy()
        self.waiting = bool(memory["waiting"])

    def step(self, action: NDArray[np.float32]) -> Outcome:
        """Action and wind are added to the cell, and the sum is rounded; walls are violations."""
        action = checked(action)
        if not self.waiting:
            column, row = self.cell.astype(int)
            wind = maze.EXECUTION_WIND if maze.WINDY[column, row] else 0.0
            wanted = np.floor(self.cell + action + np.array([0.0, wind]) + 0.5)
            column, row = wanted.astype(int)
            inside = 0 <= column < maze.COLUMNS and 0 <= row < maze.ROWS
            if inside and maze.FREE[column, row]:
                self.cell = wanted
            else:
                self.waiting = True
        success = not self.waiting and np.array_equal(self.cell, maze.GOAL)
        return Outcome(self.cell.astype(np.float32), float(success), self.waiting)


def checked(action: NDArray[np.float32]) -> NDArray[np.float32]:
    """The action within its bounds; raises ValueError for a number that is not finite."""
    if not np.isfinite(action).all():
        raise ValueError(f"action {action} is not finite")
    return np.clip(action, -1.0, 1.0)
