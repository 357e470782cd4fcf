"""The navigation task: from the left of a maze to its right, past a fork and through wind (Section 5.1)."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robots import snapshots
from robots.checks import check_actions, check_ids, check_size
from robots.fleet import FleetError, Frame, Snapshot, Spaces, StepResult
from robots.randomness import check_seed
from robots.tasks.navigation.maze import (
    CELLS,
    COLUMNS,
    EXECUTION_WIND,
    FREE_PLACES,
    GOAL,
    ROWS,
    START,
    WALL_PLACES,
    WINDY_PLACES,
    departures,
    places,
    step,
)
from robots.tasks.navigation.people_view import draw_frame

NAME = "navigation"
EPISODE_LENGTH = 100
"""Steps until an episode times out; the supervisor needs 32."""
TRAIL_LENGTH = 64
"""How many of the last cells of an episode frames show."""

_SNAPSHOT_VERSION = 1
_SEEN = CELLS.astype(np.float32)
_MARKS = CELLS.astype(np.int16).view(np.int32).ravel()  # The cell of each place as one number, for trails.
# Arrays without axes, here and below: numpy would make one of a plain number in every step.
_START_PLACE, _GOAL_PLACE = (np.array(places(np.array(cell))) for cell in (START, GOAL))
_RING = np.array(TRAIL_LENGTH)


class NavigationFleet:
    """N robots, each in a maze of its own; implements robots.fleet.Fleet.

    Observation, 2 float32: the column and the row of the robot's cell, whole numbers from 0 (the paper's
    s = (x, y) in N^2). Action, 2: the relative change (dx, dy) [cells], continuous in [-1, 1]; y points up.
    One step adds action and wind to the cell and rounds to the nearest cell, halves upward. So states are
    discrete, as in the paper: an action that averages "up" and "down" leaves a robot where it is, and wind
    of 0.75 carries one up that steers dy > -0.25. Against that wind, a robot can hold its row but not
    descend; it does so behind the wind.

    Reaching the goal yields reward 1, success and `done`. Landing in a wall, in the obstacle or outside is
    a violation: the robot stays in its last cell until `hard_reset`, and `act` goes on reporting it. Only
    the cell where a step ends counts. An episode that takes `episode_length` steps times out: `done`
    alone. Every episode begins in the same cell, and nothing is random: robots differ by their actions.

    robots: 1 to 1000. seed: a whole number of at least 0, and without effect. wind: in +y, from 0 (calm,
    as when demonstrations are collected) to 1 [cells per step]. Raises FleetError for other values.
    """

    task = NAME
    spaces = Spaces(observation_shape=(2,), observation_dtype="float32", action_size=2)
    episode_length = EPISODE_LENGTH

    def __init__(self, robots: int, seed: int, wind: float = EXECUTION_WIND) -> None:
        self.size = check_size(robots)
        check_seed(seed)
        if not (math.isfinite(wind) and 0.0 <= wind <= 1.0):
            raise FleetError(f"wind is {wind!r}, but must be from 0 to 1 cells per step")
        self.wind = float(wind)
        self.clipped = 0
        """Robot-steps whose action was out of bounds since the fleet was made; no part of a snapshot."""
        self._winds = np.where(WINDY_PLACES, self.wind, 0.0)
        self._departures = departures(self.wind)
        self._time_out = np.array(self.episode_length)
        self._places = np.full(self.size, _START_PLACE)
        self._waiting = np.zeros(self.size, dtype=np.bool_)
        self._steps = np.zeros(self.size, dtype=np.int64)
        self._episodes = np.zeros(self.size, dtype=np.int64)
        self._trails = np.full(self.size * TRAIL_LENGTH, _MARKS[_START_PLACE])  # One ring after the other.
        self._rings = np.arange(self.size) * TRAIL_LENGTH

    def cells(self) -> NDArray[np.float64]:
        """True cells, for algorithmic supervisors: (N, 2), whole numbers."""
        return CELLS.take(self._places, axis=0)

    def winds(self) -> NDArray[np.float64]:
        """Wind in +y that each robot's next step meets, (N,) [cells per step]."""
        return self._winds.take(self._places)

    def episodes(self) -> NDArray[np.int64]:
        """How many episodes each robot has ended, (N,)."""
        return self._episodes.copy()

    def observe(self) -> NDArray[np.float32]:
        """Cells of all robots, (N, 2)."""
        return _SEEN.take(self._places, axis=0)

    def act(self, actions: NDArray[np.float32], active: NDArray[np.bool_]) -> StepResult:
        """Move every active robot once; see robots.fleet.Fleet.act."""
        usable, active, clipped = check_actions(actions, active, self.size, self.spaces.action_size)
        self.clipped += clipped
        going = active > self._waiting  # Active and not waiting.
        landed = step(self._departures.take(self._places, axis=0), usable)
        np.copyto(self._waiting, WALL_PLACES.take(landed), where=going)
        moved = active > self._waiting
        np.copyto(self._places, landed, where=moved)
        self._steps += going
        self._trails[self._steps % _RING + self._rings] = _MARKS.take(self._places)
        success = moved & (self._places == _GOAL_PLACE)
        done = success | (moved & (self._steps >= self._time_out))
        return StepResult(
            reward=success.astype(np.float32),
            done=done,
            violation=active & self._waiting,
            success=success,
        )

    def reset(self, ids: Sequence[int]) -> None:
        """Begin a new episode at the start; a robot in violation stays where it is."""
        for robot in check_ids(ids, self.size):
            if not self._waiting[robot]:
                self._begin(robot)

    def hard_reset(self, ids: Sequence[int]) -> None:
        """Carry each of these robots back to the start."""
        for robot in check_ids(ids, self.size):
            self._begin(robot)

    def frames(self, ids: Sequence[int]) -> list[Frame]:
        """The maze from above, one image per id, with the cells of this episode as a trail."""
        return [self._frame(robot) for robot in check_ids(ids, self.size)]

    def snapshot(self) -> Snapshot:
        """State that `restore` turns back bit for bit."""
        return {
            snapshots.HEADER: snapshots.header(f"{self.task} wind {self.wind}", _SNAPSHOT_VERSION),
            "cells": self.cells(),
            "waiting": self._waiting.copy(),
            "steps": self._steps.copy(),
            "episodes": self._episodes.copy(),
            "trails": self._trails.view(np.int16).reshape(self.size, TRAIL_LENGTH, 2).copy(),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of this task, wind, size and version; raises FleetError for any other."""
        snapshots.check(snapshot, self.snapshot(), f"a fleet of {self.size} {self.task} robots")
        cells = snapshot["cells"]
        held = np.clip(cells, 0, [COLUMNS - 1, ROWS - 1])
        found = places(np.floor(held))
        if not ((cells == CELLS[found]).all() and FREE_PLACES[found].all()):
            raise FleetError(f"snapshot of {self.task}: not all of its cells are free: {cells.tolist()}")
        self._places = found
        self._waiting = snapshot["waiting"].copy()
        self._steps = snapshot["steps"].copy()
        self._episodes = snapshot["episodes"].copy()
        self._trails = snapshot["trails"].copy().view(np.int32).ravel()

    def _begin(self, robot: int) -> None:
        self._places[robot] = _START_PLACE
        self._waiting[robot] = False
        self._steps[robot] = 0
        self._episodes[robot] += 1
        self._trails[self._rings[robot] :][:TRAIL_LENGTH] = _MARKS[_START_PLACE]

    def _frame(self, robot: int) -> Frame:
        latest = int(self._steps[robot])
        kept = min(latest + 1, TRAIL_LENGTH)
        order = np.arange(latest + 1 - kept, latest + 1) % TRAIL_LENGTH
        trail = self._trails[self._rings[robot] + order].view(np.int16).reshape(-1, 2)
        return draw_frame(trail.astype(np.float64), self.wind > 0, bool(self._waiting[robot]))
