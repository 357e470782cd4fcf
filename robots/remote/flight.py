"""One motion from its order to its judged end, as its driver sees it: decisions without clock or link."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robots.fleet import FleetError
from robots.physical import Ended, Motion
from robots.remote.eyes import Sight
from robots.remote.journal import Fate
from robots.remote.messages import finite
from robots.remote.side import Reach


@dataclass(frozen=True)
class Times:
    """How long a driver waits for what [s]. Raises FleetError for a time that makes no sense."""

    beat_s: float = 0.25
    """Between heartbeats; the agent's watchdog must wait for several."""
    silent_s: float = 3.0
    """A link on which nothing was heard for this long is given up."""
    stale_s: float = 2.0
    """A picture of this age is not the world any more."""
    slowest_s: float = 20.0
    """A motion whose end was not heard by then has an unknown end."""
    look_s: float = 3.0
    """How long a picture is waited for after a motion's end."""

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if not 0.0 < value < 3600.0:
                raise FleetError(f"times: {name} is {value!r}, but must be above 0 and below 3600 s")


@dataclass(frozen=True)
class Verdict:
    """A motion has ended; `judge` says whether its outcome is still to be read from `after`."""

    ended: Ended
    detail: str = ""
    after: Sight | None = None


@dataclass
class Flight:
    """A motion under way. Times are by this machine's `time.monotonic()` [s]."""

    motion: Motion
    action: NDArray[np.float32]
    """As it is carried out: the one that was ordered, clipped to [-1, 1]."""
    reach: Reach
    before: Sight
    ordered_at: float
    sent: bool = False
    began_there: float | None = None
    """By the agent's clock [s]."""
    fate: Fate | None = None
    told_at: float = field(default=0.0)
    """When the fate was heard of."""

    @property
    def begin_by(self) -> float:
        """When its order expires."""
        return self.ordered_at + self.motion.within_s

    def told(self, fate: Fate, now: float) -> Verdict | None:
        """The agent said what became of it."""
        if self.fate is not None:
            return None
        match fate.ended:
            case "done" | "cut":
                self.fate, self.told_at = fate, now
                self.began_there = fate.began_at if fate.began_at is not None else self.began_there
                return None
            case "refused":
                return Verdict(Ended.REFUSED, fate.detail)
            case "never":
                return Verdict(Ended.REFUSED, "the order never reached the robot: the link was cut")
            case "unknown":
                return Verdict(Ended.UNKNOWN, fate.detail)
            case _:
                return None

    def saw(self, sight: Sight) -> Verdict | None:
        """A picture was read: is it the one that shows the outcome?"""
        if self.fate is None or self.fate.ended_at is None or sight.seen.trouble:
            return None
        if sight.shot.stamp <= self.fate.ended_at:
            return None
        return Verdict(Ended(self.fate.ended), self.fate.detail, sight)

    def late(self, now: float, times: Times) -> Verdict | None:
        """Whether its time is over."""
        if self.fate is not None:
            if now - self.told_at <= times.look_s:
                return None
            detail = f"{self.fate.detail} No picture came that shows the world after its end.".strip()
            return Verdict(Ended(self.fate.ended), detail)
        if now - self.ordered_at <= times.slowest_s:
            return None
        if not self.sent:
            return Verdict(Ended.REFUSED, "the order never left: the link was busy for too long")
        return Verdict(Ended.UNKNOWN, f"its end was not heard of within {times.slowest_s:g} s")


def fate_from(fields: Mapping[str, Any]) -> Fate:
    """A fate as it travelled; whatever makes no sense is `unknown`."""
    ended = fields.get("ended")
    if ended not in ("moving", "done", "cut", "refused", "unknown", "never"):
        return Fate("unknown", f"the agent said {str(ended)[:40]!r} of it, which means nothing")
    ended_at = finite(fields.get("ended_at"))
    if ended in ("done", "cut") and ended_at is None:
        return Fate("unknown", "the agent did not say when it ended")
    return Fate(str(ended), str(fields.get("detail", "")), finite(fields.get("began_at")), ended_at)
