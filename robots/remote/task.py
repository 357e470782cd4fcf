"""What a remote fleet needs of its task: to read a picture, plan a motion, judge its end."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from robots.fleet import Frame, Spaces
from robots.remote.side import Reach


@dataclass(frozen=True)
class Seen:
    """One picture of one robot, read."""

    observation: NDArray[Any]
    """What the policy sees, (*observation_shape)."""
    frame: Frame
    """For people; its anchor is None where the picture could not be read."""
    confidence: float
    """That what was read is so, 0 to 1."""
    trouble: str = ""
    """Why the picture cannot be worked by (nothing on it, moved camera), with the mend; empty elsewhere."""
    pose: tuple[float, float, float] | None = None
    """Of what is pushed: x, y [m], yaw [rad] in the workspace."""


@dataclass(frozen=True)
class Outcome:
    """What a motion came to, as the camera saw it."""

    reward: float
    done: bool
    violation: bool
    success: bool
    confidence: float


class RemoteTask(Protocol):
    """One robot's task; holds its goal, and no clock, socket or device."""

    name: str
    spaces: Spaces
    episode_length: int

    def read(self, image: NDArray[np.uint8], captured_at: float) -> Seen:
        """A picture, (H, W, 3) RGB; never raises for what a camera can show."""

    def plan(self, seen: Seen, action: NDArray[np.float32]) -> Reach:
        """The motion that an action, shape (A,), in [-1, 1], asks for; raises FleetError for none."""

    def judge(self, before: Seen, after: Seen) -> Outcome:
        """What happened between two pictures."""

    def reset(self, seen: Seen) -> None:
        """A new goal."""

    def put_right(self, seen: Seen) -> str:
        """Begin again after a hard reset; a sentence where the picture shows that nothing was put right."""
