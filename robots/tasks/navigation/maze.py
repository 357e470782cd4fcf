"""The maze of Figure 1: which cells are free, where the wind blows, and how one step moves a robot.

Cells are (column, row) from (0, 0) at the bottom left; columns grow to the right (+x), rows upward (+y), and
a cell is 1 x 1. From left to right: an open hall with a large obstacle in it, so that the way forks above
and below; a passage behind it; and a long corridor with the goal near its end.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

COLUMNS = 29
ROWS = 13
CENTRE_ROW = 6
"""Row of start, goal and the corridor's middle."""
START = (1, CENTRE_ROW)
GOAL = (27, CENTRE_ROW)
OBSTACLE_COLUMNS = range(5, 10)
OBSTACLE_HALF_ROWS = 3
"""The obstacle covers this many rows on each side of the centre row, and the centre row."""
ARM_OFFSET = 5
"""The middles of the two ways round the obstacle lie this many rows from the centre row."""
CORRIDOR_COLUMNS = range(13, COLUMNS)
CORRIDOR_HALF_ROWS = 2
WINDY_COLUMNS = range(17, 23)
"""The segment of the corridor in which wind blows at execution time."""
EXECUTION_WIND = 0.75
"""Wind in +y at execution time [cells per step] (Section 5.1)."""

_MARGIN = 3  # Cells of wall all round, so that no step (1 cell of action and 1 of wind) leaves the arrays.


def _build() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    free = np.ones((COLUMNS, ROWS), dtype=np.bool_)
    low, high = CENTRE_ROW - OBSTACLE_HALF_ROWS, CENTRE_ROW + OBSTACLE_HALF_ROWS
    free[OBSTACLE_COLUMNS.start : OBSTACLE_COLUMNS.stop, low : high + 1] = False
    inside = slice(CENTRE_ROW - CORRIDOR_HALF_ROWS, CENTRE_ROW + CORRIDOR_HALF_ROWS + 1)
    free[CORRIDOR_COLUMNS.start :, : inside.start] = False
    free[CORRIDOR_COLUMNS.start :, inside.stop :] = False
    windy = np.zeros_like(free)
    windy[WINDY_COLUMNS.start : WINDY_COLUMNS.stop] = free[WINDY_COLUMNS.start : WINDY_COLUMNS.stop]
    return free, windy


FREE, WINDY = _build()
"""Whether a cell is free, and whether wind blows there; both (COLUMNS, ROWS)."""

_PADDED = np.pad(FREE, _MARGIN)

# A place is the number of a cell, column by column, the walls all round included; tables have a row for each.
CELLS: NDArray[np.float64] = np.array([*np.ndindex(_PADDED.shape)]) - float(_MARGIN)
"""The cell of each place, (P, 2)."""
FREE_PLACES = _PADDED.ravel()
"""Whether each place is free, (P,)."""
WALL_PLACES = ~FREE_PLACES
"""Whether each place is a wall, the obstacle or outside, (P,)."""
WINDY_PLACES = np.pad(WINDY, _MARGIN).ravel()
"""Whether wind blows at each place, (P,)."""

_STRIDES = np.array([ROWS + 2 * _MARGIN, 1.0])


def places(cells: NDArray[Any]) -> NDArray[np.intp]:
    """The place of each cell, shape (..., 2), at most three outside the grid; (...)."""
    return _numbers(cells + float(_MARGIN))


def departures(wind: float) -> NDArray[np.float64]:
    """What `step` adds actions to, for each place, (P, 2), under wind in +y [cells per step]."""
    starts = CELLS + (_MARGIN + 0.5)
    starts[WINDY_PLACES, 1] += wind
    return starts


def step(starts: NDArray[np.float64], actions: NDArray[np.float32]) -> NDArray[np.intp]:
    """The places where robots end up by actions, shape (K, 2), in [-1, 1], walls ignored; (K,).

    Action and wind are added to the cell, and the sum is rounded to the nearest cell, halves upward: a
    component of less than half a cell does not move a robot. starts, shape (K, 2), are the departures of the
    places where the step begins, and are overwritten.
    """
    starts += actions.astype(np.float64)  # Adding another type directly takes numpy twice as long.
    return _numbers(np.floor(starts, out=starts))


def _numbers(padded: NDArray[np.float64]) -> NDArray[np.intp]:
    """Places of cells that are counted from the outermost wall."""
    numbers: NDArray[np.intp] = padded.dot(_STRIDES).astype(np.intp)
    return numbers
