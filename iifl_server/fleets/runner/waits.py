"""How long robots that call for help wait until a supervisor is assigned. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

KEPT = 500


@dataclass(frozen=True)
class Waits:
    """Calls that wait now, and how long the last ones waited."""

    since: Mapping[int, float] = field(default_factory=dict)
    """Robot → when it began to call; server's clock [ms]."""
    ended: tuple[float, ...] = ()
    """Waits of the last calls [s]; 0 for one that was served at once."""

    def update(self, queue: Collection[int], arrived: Collection[int], now: float) -> "Waits":
        """After an allocation: who waits in the queue, and which robots a supervisor just came to."""
        served = tuple((now - self.since.get(robot, now)) / 1000 for robot in arrived)
        since = {robot: self.since.get(robot, now) for robot in queue}
        return replace(self, since=since, ended=(self.ended + served)[-KEPT:])

    def waited_s(self, robot: int, now: float) -> float:
        """How long this robot has waited, 0 for one that does not."""
        return max(0.0, (now - self.since.get(robot, now)) / 1000)

    def p95_s(self) -> float:
        """95th percentile of the last waits [s]."""
        return float(np.percentile(self.ended, 95)) if self.ended else 0.0
