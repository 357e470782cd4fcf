"""The shortest ways round a square obstacle at the origin, clockwise and counter-clockwise.

A shortest way consists of straight lines between the start, corners of the (inflated) square and the goal.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Point = tuple[float, float]
Direction = Literal["clockwise", "counterclockwise"]

_ROUNDING = 1e-9  # [m]: a line along a side of the square counts as outside it.


@dataclass(frozen=True)
class Way:
    """One way to the goal."""

    points: tuple[Point, ...]
    """Where to go next, in order; the last is the goal [m]."""
    length: float
    """From the start to the goal [m]."""


def shortest_ways(start: Point, goal: Point, half: float) -> dict[Direction, Way]:
    """The shortest way in each sense round a square of half width half [m] at the origin.

    A start or goal inside the square is taken to lie on the side of a smaller one: lines from or to it
    may come as near to the origin as it does itself. A straight line that passes the square counts for
    the sense in which it turns round the origin, and in both senses when it does not turn at all. A
    sense that has no way is left out; at least one is always there.
    """
    ring = ((half, half), (-half, half), (-half, -half), (half, -half))  # Counter-clockwise.
    best: dict[Direction, Way] = {}
    for points in _candidates(ring):
        way = (start, *points, goal)
        if not all(_free(a, b, half) for a, b in pairwise(way)):
            continue
        turn = sum(_turn(a, b) for a, b in pairwise(way))
        length = sum(math.dist(a, b) for a, b in pairwise(way))
        senses: tuple[Direction, ...] = ("counterclockwise",) if turn > 0 else ("clockwise",)
        for sense in senses if abs(turn) > _ROUNDING else ("clockwise", "counterclockwise"):
            if sense not in best or length < best[sense].length:
                best[sense] = Way(way[1:], length)
    return best


def choose(ways: dict[Direction, Way], preferred: Direction, tie: float) -> Way:
    """The shorter way; the preferred one where their lengths differ by no more than tie [m]."""
    shortest = min(ways.values(), key=lambda way: way.length)
    wanted = ways.get(preferred)
    return wanted if wanted is not None and wanted.length - shortest.length <= tie else shortest


def along(start: Point, points: tuple[Point, ...], distance: float) -> Point:
    """The point that lies a distance [m] along the way from start through points; at most the last."""
    here = start
    for point in points:
        leg = math.dist(here, point)
        if leg >= distance:
            share = distance / leg
            return (here[0] + share * (point[0] - here[0]), here[1] + share * (point[1] - here[1]))
        distance -= leg
        here = point
    return here


def _candidates(ring: tuple[Point, ...]) -> list[tuple[Point, ...]]:
    """No corner, or one to three neighbouring corners in either order."""
    ways: list[tuple[Point, ...]] = [()]
    for first in range(4):
        ways.append((ring[first],))
        for count in (2, 3):
            ways.append(tuple(ring[(first + k) % 4] for k in range(count)))
            ways.append(tuple(ring[(first - k) % 4] for k in range(count)))
    return ways


def _turn(a: Point, b: Point) -> float:
    """Angle by which the origin sees a traveller turn on the line from a to b [rad], in (-pi, pi]."""
    return math.atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1])


def _free(a: Point, b: Point, half: float) -> bool:
    """Whether the line stays out of the open square, made smaller where an end lies inside it."""
    half = min(half, max(map(abs, a)), max(map(abs, b))) - _ROUNDING
    enter, leave = 0.0, 1.0
    for p, q in zip(a, b, strict=True):
        step = q - p
        if step == 0.0:
            if abs(p) >= half:
                return True
            continue
        near, far = sorted(((-half - p) / step, (half - p) / step))
        enter, leave = max(enter, near), min(leave, far)
    return enter >= leave
