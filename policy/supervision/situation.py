"""How robots are that are not simply there: away, in the middle of a motion, or asking what it came to."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from policy.errors import InputError
from policy.supervision.state import Bools

MASKS = ("away", "busy", "doubtful", "stuck")


@dataclass(frozen=True)
class Situation:
    """Of every robot, shape (N,), at one step; a simulated fleet has none of it."""

    away: Bools
    """Takes no motion and no supervisor's time: offline, stopped, in an error state, paused at its side."""
    busy: Bools
    """A motion is under way: neither asked nor ordered, and a supervisor who is there stays."""
    doubtful: Bools
    """A person is to say what the last motion came to: calls before all others, and moves no further."""
    stuck: Bools
    """Its last motions came to nothing: calls before those that are merely unsure."""
    by_hand: bool = False
    """Hard resets are done by somebody at the robot's side: no supervisor is sent for them."""

    def __post_init__(self) -> None:
        shapes = {getattr(self, name).shape for name in MASKS}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise InputError(f"{', '.join(MASKS)} have shapes {sorted(shapes)}; valid is one shape (N,)")

    @classmethod
    def plain(cls, robots: int) -> "Situation":
        """Every robot is there, at rest, and sure of what happened."""
        none = np.zeros(robots, dtype=bool)
        return cls(none, none, none, none)

    @property
    def still(self) -> Bools:
        """Robots that can be ordered nothing."""
        return self.away | self.busy | self.doubtful

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for messages."""
        return {**{name: getattr(self, name).tolist() for name in MASKS}, "by_hand": self.by_hand}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Situation":
        """Inverse of `to_dict`."""
        arrays: dict[str, Any] = {name: np.array(values[name], dtype=bool) for name in MASKS}
        return cls(**arrays, by_hand=bool(values["by_hand"]))
