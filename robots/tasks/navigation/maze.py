"""The maze of Figure 1: which cells are free, where the wind blows, and how one step moves a robot.

Cells are (column, row) from (0, 0) at the bottom left; columns grow to the right (+x), rows upward (+y), and
a cell is 1 x 1. From left to right: an open hall with a large obstacle in it, so that the way forks above
and below; a passage behind it; and a long corridor with the goal near its end.
"""

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

FREE_PLACES = np.pad(FREE, _MARGIN).ravel()
"""Whether each place is free; see places."""
WINDY_PLACES = np.pad(WINDY, _MARGIN).ravel()
"""Whether wind blows at each place; see places."""

_STRIDES = np.array([ROWS + 2 * _MARGIN, 1.0])
_ORIGIN = int(_STRIDES.sum() * _MARGIN)


def places(cells: NDArray[np.float64]) -> NDArray[np.intp]:
    """The number of each cell, shape (K, 2), at most three outside the grid, column by column; (K,)."""
    numbers: NDArray[np.intp] = cells.dot(_STRIDES).astype(np.intp)
    numbers += _ORIGIN
    return numbers


def step(
    cells: NDArray[np.float64], actions: NDArray[np.float32], winds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where robots in cells, shape (K, 2), end up by actions, shape (K, 2); whole numbers, walls ignored.

    Action and wind are added to the cell, and the sum is rounded to the nearest cell, halves upward: a
    component of less than half a cell does not move a robot. winds, shape (K,) [cells per step], are those
    of the cells where the step begins.
    """
    wanted = cells + actions
    wanted[:, 1] += winds
    wanted += 0.5
    landed: NDArray[np.float64] = np.floor(wanted, out=wanted)
    return landed
