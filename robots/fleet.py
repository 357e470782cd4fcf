"""The one interface behind which every robot fleet stands, simulated or real."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Snapshot = Mapping[str, NDArray[Any]]
"""Everything that decides a fleet's future, as named arrays; no array has dtype object."""


class RobotsError(Exception):
    """Base of every error this package raises on purpose."""


class FleetError(RobotsError, ValueError):
    """A fleet was asked for something it cannot do; the message names the value and what is valid."""


@dataclass(frozen=True)
class Spaces:
    """Shapes that a policy needs to know."""

    observation_shape: tuple[int, ...]
    """Shape of one robot's observation: (64, 64, 3) for images, (S,) for states."""
    observation_dtype: str
    """Name of the numpy dtype: "uint8" for images, "float32" for states."""
    action_size: int
    """A; every action lies in [-1, 1]^A and units exist only inside the fleet."""


class StepResult(NamedTuple):
    """What one fleet step brought, one entry per robot; robots that were not active report zeros."""

    reward: NDArray[np.float32]
    done: NDArray[np.bool_]
    """The episode (or goal) ended; the supervision loop answers with `reset`."""
    violation: NDArray[np.bool_]
    """The robot broke a constraint and waits for a hard reset."""
    success: NDArray[np.bool_]


@dataclass(frozen=True)
class Frame:
    """One camera image for people, with what a click on it needs."""

    image: NDArray[np.uint8]
    """(480, 640, 3), RGB."""
    anchor: tuple[float, float] | None
    """Where a push starts (the cube's centre), as fractions of width and height from the top left;
    None where a click means nothing."""
    reach: float
    """Length of an action of size 1.0, as a fraction of the image's width."""
    captured_at: float | None = None
    """When a camera took it [s since the epoch]; None where it shows this very moment."""


class Fleet(Protocol):
    """N robots of one task. A fleet never resets by itself: the supervision loop owns resets."""

    task: str
    size: int
    spaces: Spaces
    episode_length: int
    """Steps per episode, the unit of `average_reward`."""

    def observe(self) -> NDArray[Any]:
        """What the policy sees now, shape (N, *observation_shape)."""

    def act(self, actions: NDArray[np.float32], active: NDArray[np.bool_]) -> StepResult:
        """Run one step of the robots that are active.

        actions, shape (N, A), are clipped to [-1, 1]; rows of inactive robots are ignored.
        Raises FleetError on a wrong shape or NaN in an active row.
        """

    def reset(self, ids: Sequence[int]) -> None:
        """Begin a new episode (block_push: a new goal) without touching a person."""

    def hard_reset(self, ids: Sequence[int]) -> None:
        """What a person does after a violation: put the robot back into a good state."""

    def frames(self, ids: Sequence[int]) -> list[Frame]:
        """Camera images for people, one per id."""

    def snapshot(self) -> Snapshot:
        """State that `restore` turns back bit for bit."""

    def restore(self, snapshot: Snapshot) -> None:
        """Raises FleetError for a snapshot of another task, size or version."""


class Supervisor(Protocol):
    """An algorithmic supervisor: it may look at a fleet's true state, not only at images."""

    name: str

    def actions(self, fleet: Any, ids: Sequence[int]) -> NDArray[np.float32]:
        """What it would do for these robots, shape (len(ids), A)."""

    def snapshot(self) -> Snapshot:
        """State of its own generator."""

    def restore(self, snapshot: Snapshot) -> None: ...
