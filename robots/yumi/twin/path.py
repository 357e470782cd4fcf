"""Where a plate is while an arm carries out one order, as straight legs in time."""

import math
from dataclasses import dataclass

from robots.remote.side import Reach
from robots.yumi.twin.world import Moments

Place = tuple[float, float, float]
"""Middle of the plate's lower edge, in the workspace's frame [m]."""


@dataclass(frozen=True)
class Speeds:
    """What the RAPID module's constants and the speed dial make of an order."""

    travel: float
    """[m/s]"""
    travel_height: float
    push_height: float
    """[m]"""
    factor: float
    """How many seconds of the arm pass in one second of the clock, speed dial included."""


@dataclass(frozen=True)
class Path:
    """Corners of a way and the clock's time at each [s]; between them the plate moves evenly."""

    corners: tuple[Place, ...]
    times: tuple[float, ...]
    touches: int
    """Index of the corner where the plate has been lowered; the next one ends the push. -1 after that."""

    @property
    def ends(self) -> float:
        return self.times[-1]

    def at(self, now: float) -> Place:
        """Where the plate is at a moment; its first or last place outside of the motion."""
        if now <= self.times[0]:
            return self.corners[0]
        for leg, end in enumerate(self.times[1:]):
            if now < end:
                start = self.times[leg]
                share = (now - start) / (end - start)
                before, after = self.corners[leg], self.corners[leg + 1]
                x, y, z = (a + (b - a) * share for a, b in zip(before, after, strict=True))
                return x, y, z
        return self.corners[-1]

    def moments(self) -> Moments:
        """When the plate is on the table, for the world."""
        times, touches = self.times, self.touches
        lifted = times[touches + 1] + (times[touches + 2] - times[touches + 1]) * 0.2
        return Moments(times[min(1, touches)], times[touches], times[touches], times[touches + 1], lifted)

    def rest(self, now: float, later: float) -> "Path":
        """What remains of the way at a moment, begun at a later one."""
        ahead = [index for index, time in enumerate(self.times) if time > now]
        corners = (self.at(now), *(self.corners[index] for index in ahead))
        times = (later, *(self.times[index] - now + later for index in ahead))
        return Path(corners, times, max(self.touches - (len(self.corners) - len(corners)), -1))


def plan(here: Place, reach: Reach, home: Place, speeds: Speeds, now: float) -> Path:
    """The way that the RAPID module's Push takes: up, over, down, along, up, home."""
    high, low = speeds.travel_height, speeds.push_height
    start = (here[0], here[1], max(here[2], high))
    legs = [
        (start, speeds.travel),
        ((*reach.begin, high), speeds.travel),
        ((*reach.begin, low), speeds.travel),
        ((*reach.end, low), reach.speed),
        ((*reach.end, high), speeds.travel),
        (home, speeds.travel),
    ]
    corners, times = [here], [now]
    for corner, speed in legs:
        times.append(times[-1] + math.dist(corners[-1], corner) / speed / speeds.factor)
        corners.append(corner)
    return Path(tuple(corners), tuple(times), 3)
