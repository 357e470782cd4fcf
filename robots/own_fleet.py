"""A fleet from three functions: how an episode begins, what an action does, and what a robot sees."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robots import snapshots
from robots.checks import check_actions, check_ids, check_size
from robots.fleet import FleetError, Frame, Snapshot, Spaces, StepResult
from robots.frames import no_picture
from robots.randomness import check_seed, generator_for, pack, unpack

State = NDArray[np.float64]
"""Everything that decides one robot's future, shape (K,), whatever it means."""

_SNAPSHOT_VERSION = 1


@dataclass(frozen=True)
class Moved:
    """What one step of one robot brought."""

    state: State
    reward: float = 0.0
    success: bool = False
    """The goal is reached: the episode ends."""
    violation: bool = False
    """A constraint is broken: the robot waits for a hard reset."""


class OwnFleet(ABC):
    """Base of simulated fleets whose robots are arrays of numbers; implements robots.fleet.Fleet.

    A subclass sets `task`, `spaces` and `episode_length`, and writes `begin`, `move` and `see`; `draw`
    if people are to see something. The rest follows: robots that hold still, time-outs after
    `episode_length` steps, violations that wait for a hard reset, snapshots.

    robots: 1 to 1000. seed: a whole number of at least 0. Raises FleetError for other values.
    """

    task: str
    spaces: Spaces
    episode_length: int

    def __init__(self, robots: int, seed: int) -> None:
        self.size = check_size(robots)
        self.clipped = 0
        """Robot-steps whose action was out of bounds since the fleet was made; no part of a snapshot."""
        self._generators = [generator_for(check_seed(seed), robot) for robot in range(self.size)]
        self._states = np.stack([self.begin(generator) for generator in self._generators])
        self._steps = np.zeros(self.size, dtype=np.int64)
        self._waiting = np.zeros(self.size, dtype=np.bool_)

    @abstractmethod
    def begin(self, generator: np.random.Generator) -> State:
        """The state at the start of an episode; every random draw comes from generator."""

    @abstractmethod
    def move(self, state: State, action: NDArray[np.float32]) -> Moved:
        """What an action, shape (A,), in [-1, 1], does; must neither draw nor remember anything."""

    @abstractmethod
    def see(self, state: State) -> NDArray[Any]:
        """What the policy sees of a state, shape spaces.observation_shape."""

    def draw(self, state: State) -> Frame:
        """What people see of a state."""
        return no_picture(f"{self.task} draws nothing")

    def states(self) -> State:
        """True states, for algorithmic supervisors: (N, K)."""
        return self._states.copy()

    def observe(self) -> NDArray[Any]:
        """What the policy sees now, (N, *observation_shape)."""
        seen = np.stack([self.see(state.copy()) for state in self._states])
        return seen.astype(self.spaces.observation_dtype)

    def act(self, actions: NDArray[np.float32], active: NDArray[np.bool_]) -> StepResult:
        """Move every active robot once; see robots.fleet.Fleet.act."""
        usable, active, clipped = check_actions(actions, active, self.size, self.spaces.action_size)
        self.clipped += clipped
        reward = np.zeros(self.size, dtype=np.float32)
        success = np.zeros(self.size, dtype=np.bool_)
        for robot in np.flatnonzero(active & ~self._waiting):
            moved = self.move(self._states[robot].copy(), usable[robot])
            self._waiting[robot] = moved.violation or not np.isfinite(moved.state).all()
            if np.isfinite(moved.state).all():
                self._states[robot] = moved.state
            reward[robot] = moved.reward
            success[robot] = moved.success and not self._waiting[robot]
            self._steps[robot] += 1
        violation = active & self._waiting
        timed_out = active & ~violation & (self._steps >= self.episode_length)
        return StepResult(reward=reward, done=success | timed_out, violation=violation, success=success)

    def reset(self, ids: Sequence[int]) -> None:
        """Begin a new episode; a robot in violation stays as it is."""
        self._begin([robot for robot in check_ids(ids, self.size) if not self._waiting[robot]])

    def hard_reset(self, ids: Sequence[int]) -> None:
        """Begin a new episode."""
        self._begin(check_ids(ids, self.size))

    def frames(self, ids: Sequence[int]) -> list[Frame]:
        """What `draw` makes of each robot."""
        return [self.draw(self._states[robot].copy()) for robot in check_ids(ids, self.size)]

    def snapshot(self) -> Snapshot:
        """State that `restore` turns back bit for bit."""
        return {
            snapshots.HEADER: snapshots.header(self.task, _SNAPSHOT_VERSION),
            "states": self._states.copy(),
            "steps": self._steps.copy(),
            "waiting": self._waiting.copy(),
            "generators": pack(self._generators),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of this task, size and version; raises FleetError for any other."""
        snapshots.check(snapshot, self.snapshot(), f"a fleet of {self.size} {self.task} robots")
        self._states = np.array(snapshot["states"])
        self._steps = np.array(snapshot["steps"])
        self._waiting = np.array(snapshot["waiting"])
        self._generators = unpack(snapshot["generators"])

    def _begin(self, robots: list[int]) -> None:
        for robot in robots:
            state = self.begin(self._generators[robot])
            if state.shape != self._states[robot].shape or not np.isfinite(state).all():
                raise FleetError(f"{self.task} began robot {robot} with the useless state {state!r}")
            self._states[robot] = state
            self._steps[robot] = 0
            self._waiting[robot] = False
