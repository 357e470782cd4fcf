"""Robots that are there: motions take time, a robot can be away, and nobody can put the world back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from robots.fleet import Frame, Spaces


class Presence(StrEnum):
    """What can be asked of a robot now."""

    READY = "ready"
    """It takes a motion."""
    MOVING = "moving"
    """A motion is under way; it takes no other."""
    AWAY = "away"
    """Offline, silent, in an error state, without a picture, or paused by somebody at its side."""
    STOPPED = "stopped"
    """A stop is latched; only `release` ends it."""


@dataclass(frozen=True)
class Condition:
    """How one robot is, as last heard."""

    presence: Presence
    reason: str = ""
    """A sentence for people, with the mend, where it is away or stopped; empty where it is ready."""


class Ended(StrEnum):
    """How a motion ended."""

    DONE = "done"
    """It was carried out to its end."""
    REFUSED = "refused"
    """It never began: too late, out of limits, or the robot takes none."""
    CUT = "cut"
    """It was stopped on its way."""
    UNKNOWN = "unknown"
    """Nobody saw its end. It is never repeated."""


@dataclass(frozen=True)
class Motion:
    """One action that one robot is to carry out, once."""

    id: str
    """Unique for ever; the same id never moves a robot twice."""
    robot: int
    action: NDArray[np.float32]
    """Shape (A,), in [-1, 1]."""
    within_s: float
    """It may begin this long after `begin` was called and no later [s]."""


@dataclass(frozen=True)
class MotionEnd:
    """What became of a motion, and what the camera says of the world after it."""

    motion: Motion
    ended: Ended
    detail: str = ""
    """A sentence for people where it was not done."""
    action: NDArray[np.float32] | None = None
    """As executed, where it is known to differ from what was ordered."""
    reward: float = 0.0
    done: bool = False
    violation: bool = False
    success: bool = False
    confidence: float = 1.0
    """How sure the perception of success and violation is, 0 to 1; below `sure` a person is asked."""
    began_at: float | None = None
    ended_at: float | None = None
    """By the clock of this process [s since the epoch]."""
    seen_at: float | None = None
    """Capture time of the picture that the outcome was read from, by the clock of this process."""


class PhysicalFleet(Protocol):
    """N robots whose motions take time. Every method returns at once; `stop` may come from any thread.

    Nothing moves but by `begin`, and nothing moves twice for one motion. There is no snapshot: a runner that
    starts again observes.
    """

    task: str
    size: int
    spaces: Spaces
    episode_length: int
    resets_itself: bool
    """Whether `hard_reset` can put a robot right; elsewhere it takes somebody's hands."""
    sure: float
    """Confidence below which a person is asked what a motion came to."""
    slowest_s: float
    """A motion of which nothing was heard for this long has an unknown end [s]."""

    def conditions(self) -> list[Condition]:
        """How each robot is, as last heard."""

    def observe(self) -> NDArray[Any]:
        """What the policy sees now, (N, *observation_shape); zeros for a robot that shows nothing."""

    def begin(self, motions: Sequence[Motion]) -> None:
        """Send motions on their way; each of them comes back from `ended` exactly once.

        Raises FleetError, and moves nothing, for an unknown robot, a wrong shape, NaN, or two for one robot.
        """

    def ended(self) -> list[MotionEnd]:
        """What has ended since the last call."""

    def stop(self, reason: str, robots: Collection[int] | None = None, *, motors_off: bool = False) -> None:
        """Stop these robots, or all, now; latched until `release`."""

    def release(self, robots: Collection[int] | None = None) -> None:
        """End the stop of these robots, or of all."""

    def reset(self, ids: Collection[int]) -> None:
        """Begin a new episode (pushing: a new goal) without touching anything."""

    def hard_reset(self, ids: Collection[int]) -> dict[int, str]:
        """Begin again where somebody, or the robot itself, has put things right.

        Robot → why not, in a sentence, for those whose camera does not agree.
        """

    def frames(self, ids: Sequence[int]) -> list[Frame]:
        """The newest camera image of each for people; `captured_at` says how old it is."""

    def close(self) -> None:
        """Let go of every robot; what moves is stopped."""


def is_physical(fleet: object) -> TypeGuard[PhysicalFleet]:
    """Whether a fleet's motions take time and its robots can be away."""
    return hasattr(fleet, "begin") and hasattr(fleet, "ended")
