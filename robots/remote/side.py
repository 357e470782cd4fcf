"""What an integrator writes for a robot of their own: three methods that run beside it, and a stop."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from robots.fleet import RobotsError


class SideError(RobotsError):
    """The robot or its camera cannot do what it was asked; the message is a sentence with the mend."""


@dataclass(frozen=True)
class Picture:
    """One image of the camera over one robot."""

    image: NDArray[np.uint8]
    """(H, W, 3), RGB."""
    captured_at: float
    """By this machine's `time.monotonic()` [s]."""


@dataclass(frozen=True)
class Reach:
    """One straight motion of the end effector at the height where it pushes."""

    begin: tuple[float, float]
    """Where it is lowered, in the workspace [m]."""
    end: tuple[float, float]
    """Where it is lifted again [m]."""
    speed: float
    """[m/s]"""


class RobotSide(Protocol):
    """One arm and the camera over it. `move` has a thread of its own; `stop` interrupts it from another."""

    def look(self) -> Picture:
        """The newest picture; raises SideError where there is none."""

    def move(self, reach: Reach) -> None:
        """Carry a motion out and return at its end; raises SideError where it was not carried out whole."""

    def stop(self, *, motors_off: bool = False) -> None:
        """Stop now, whatever moves; returns when the robot was told. Called again where it fails."""

    def state(self) -> Mapping[str, str]:
        """`ready` as "yes" or a sentence with the mend, and what else people may want to read."""
