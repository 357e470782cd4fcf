"""Where a tool may be and how fast it may go: one rule, asked beside the robot and again by its driver."""

import math
from dataclasses import dataclass

from robots.remote.side import Reach, SideError


class LimitError(SideError):
    """Limits that make no sense, or a motion that leaves them; the message says which, by how much."""


@dataclass(frozen=True)
class Rectangle:
    """A part of the workspace [m]. Raises LimitError where it is empty or not finite."""

    left: float
    bottom: float
    right: float
    top: float

    def __post_init__(self) -> None:
        values = (self.left, self.bottom, self.right, self.top)
        if not all(math.isfinite(value) for value in values):
            raise LimitError(
                f"rectangle {values} has a number that is not finite; give four lengths in metres"
            )
        if self.left >= self.right or self.bottom >= self.top:
            raise LimitError(
                f"rectangle {values} is empty: give left, bottom, right, top, left < right, bottom < top"
            )

    def __str__(self) -> str:
        return f"[{self.left:g}, {self.bottom:g}, {self.right:g}, {self.top:g}]"

    def holds(self, point: tuple[float, float], margin: float = 0.0) -> bool:
        """Whether a point [m] lies inside, at least `margin` from the edge."""
        x, y = point
        inside_x = self.left + margin <= x <= self.right - margin
        return inside_x and self.bottom + margin <= y <= self.top - margin

    def covers(self, other: "Rectangle") -> bool:
        """Whether nothing of the other lies outside this one."""
        return self.holds((other.left, other.bottom)) and self.holds((other.right, other.top))

    def meets(self, other: "Rectangle") -> bool:
        """Whether they share more than an edge."""
        apart_x = other.right <= self.left or self.right <= other.left
        return not (apart_x or other.top <= self.bottom or self.top <= other.bottom)

    def distance(self, begin: tuple[float, float], end: tuple[float, float]) -> float:
        """How close a straight segment comes [m]; 0 where it touches."""
        if self._crossed(begin, end):
            return 0.0
        corners = [(x, y) for x in (self.left, self.right) for y in (self.bottom, self.top)]
        nearest = min(_to_segment(corner, begin, end) for corner in corners)
        return min(nearest, self._to_point(begin), self._to_point(end))

    def _crossed(self, begin: tuple[float, float], end: tuple[float, float]) -> bool:
        """Clips the segment by each pair of parallel sides; what remains lies inside."""
        first, last = 0.0, 1.0
        sides = ((self.left, self.right), (self.bottom, self.top))
        for start, stop, (low, high) in zip(begin, end, sides, strict=True):
            step = stop - start
            if step == 0.0:
                if not low <= start <= high:
                    return False
                continue
            near, far = sorted(((low - start) / step, (high - start) / step))
            first, last = max(first, near), min(last, far)
        return first <= last

    def _to_point(self, point: tuple[float, float]) -> float:
        beside = max(self.left - point[0], 0.0, point[0] - self.right)
        above = max(self.bottom - point[1], 0.0, point[1] - self.top)
        return math.hypot(beside, above)


@dataclass(frozen=True)
class Limits:
    """What one arm may do. Raises LimitError, with name and value, where they contradict each other."""

    workspace: Rectangle
    """The whole tool stays inside."""
    max_speed: float
    """[m/s]"""
    longest: float
    """Length of the longest motion [m]."""
    half_width: float
    """Of the tool, seen from above, whatever its direction [m]."""
    keep_out: tuple[Rectangle, ...] = ()
    """No part of the tool comes into these, not even on the way."""

    def __post_init__(self) -> None:
        for name in ("max_speed", "longest"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise LimitError(f"limits: {name} is {value!r}, but must be a positive number")
        if not (math.isfinite(self.half_width) and self.half_width >= 0.0):
            raise LimitError(f"limits: half_width is {self.half_width!r}, but must be 0 or a positive number")
        room = self.workspace
        if min(room.right - room.left, room.top - room.bottom) <= 2.0 * self.half_width:
            raise LimitError(
                f"limits: half_width is {self.half_width:g} m, so the tool does not fit into "
                f"workspace {room}; give a larger workspace or the tool's true size"
            )
        for index, zone in enumerate(self.keep_out):
            name = f"limits: keep_out {index} is {zone}"
            if zone.covers(room):
                raise LimitError(f"{name} and leaves nothing of workspace {room}; make one of them fit")
            if not zone.meets(room):
                raise LimitError(f"{name} and lies outside workspace {room}; leave it out or correct it")
            for other, earlier in enumerate(self.keep_out[:index]):
                if zone.meets(earlier):
                    raise LimitError(
                        f"{name} and overlaps keep_out {other}, {earlier}; give zones that do not overlap"
                    )

    def check(self, reach: Reach) -> None:
        """Raises LimitError unless the tool stays within these limits on all of its way."""
        if not all(math.isfinite(value) for value in (*reach.begin, *reach.end, reach.speed)):
            raise LimitError(f"motion {_told(reach)} has a number that is not finite; nothing moved")
        if not 0.0 < reach.speed <= self.max_speed:
            raise LimitError(
                f"motion {_told(reach)} is at {reach.speed:g} m/s, "
                f"but speeds above 0 up to {self.max_speed:g} m/s are allowed"
            )
        length = math.dist(reach.begin, reach.end)
        if length > self.longest:
            raise LimitError(
                f"motion {_told(reach)} is {length:.3f} m long, but up to {self.longest:g} m are allowed"
            )
        for point in (reach.begin, reach.end):  # Enough: the workspace is convex.
            if not self.workspace.holds(point, self.half_width):
                raise LimitError(
                    f"motion {_told(reach)} leaves workspace {self.workspace} at "
                    f"({point[0]:.3f}, {point[1]:.3f}): the tool reaches {self.half_width:g} m to each side"
                )
        for index, zone in enumerate(self.keep_out):
            distance = zone.distance(reach.begin, reach.end)
            if distance < self.half_width or distance == 0.0:
                raise LimitError(
                    f"motion {_told(reach)} comes within {distance:.3f} m of keep_out {index}, {zone}, "
                    f"but the tool needs {self.half_width:g} m to each side"
                )


def _to_segment(point: tuple[float, float], begin: tuple[float, float], end: tuple[float, float]) -> float:
    step = (end[0] - begin[0], end[1] - begin[1])
    square = step[0] ** 2 + step[1] ** 2
    if square == 0.0:
        return math.dist(point, begin)
    along = ((point[0] - begin[0]) * step[0] + (point[1] - begin[1]) * step[1]) / square
    along = min(1.0, max(0.0, along))
    return math.dist(point, (begin[0] + along * step[0], begin[1] + along * step[1]))


def _told(reach: Reach) -> str:
    begin, end = reach.begin, reach.end
    return f"({begin[0]:.3f}, {begin[1]:.3f}) → ({end[0]:.3f}, {end[1]:.3f})"
