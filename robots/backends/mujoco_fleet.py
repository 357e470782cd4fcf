"""What every fleet of MuJoCo robots does alike: episodes, violations, blow-ups and snapshots."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robots import snapshots
from robots.backends import engines
from robots.backends.mujoco_render import rendered
from robots.backends.mujoco_view import View, draw_robot
from robots.backends.physics import Floats, Physics
from robots.checks import check_actions, check_ids, check_size
from robots.fleet import Frame, Snapshot, Spaces, StepResult
from robots.randomness import check_seed, generator_for, pack, unpack

_SNAPSHOT_VERSION = 1
_logger = logging.getLogger(__name__)


class MujocoFleet(ABC):
    """Base of tasks with a reward in every step; implements robots.fleet.Fleet.

    A subclass sets `task`, `spaces`, `episode_length`, `success_return` and `view`, makes its simulations,
    and writes `begin`, `move`, `see` and `judge`. Success is an episode that ran its whole length without a
    violation and brought at least `success_return`, or one that came to a goal (`reached`). A simulation
    that blows up is a violation of that robot alone: it is logged, and the robot waits for a hard reset.
    """

    task: str
    spaces: Spaces
    episode_length: int
    success_return: float
    """95 % of what the task's supervisor reaches on average."""
    view: View
    still_between_steps = True
    """Frames change by act, resets and restore alone: who shows one again need not ask for it anew."""

    def __init__(self, robots: int, seed: int, simulations: Physics) -> None:
        self.size = robots
        self.clipped = 0
        """Robot-steps whose action was out of bounds since the fleet was made; no part of a snapshot."""
        self._simulations = simulations
        self._generators = [generator_for(seed, robot) for robot in range(robots)]
        self._steps = np.zeros(robots, dtype=np.int64)
        self._waiting = np.zeros(robots, dtype=np.bool_)
        self._seen: NDArray[np.float32] | None = None
        """Observations since the last change: who helps robots one by one asks for them again and again."""
        self._memory: dict[str, Floats] = {
            "returns": np.zeros(robots),
            "actions": np.zeros((robots, self.spaces.action_size)),
        }
        """What decides the future beside the physics; a subclass adds its own, (N, ...), zero at a start."""

    @property
    def model(self) -> Any:
        """The mujoco.MjModel that every robot is a simulation of."""
        return self._simulations.model

    @property
    def backend(self) -> str:
        """Name of the engine."""
        return self._simulations.backend

    @staticmethod
    def checked(robots: int, seed: int) -> tuple[int, int]:
        """The two arguments of every fleet; raises FleetError for values that no fleet takes."""
        return check_size(robots), check_seed(seed)

    @abstractmethod
    def begin(self, robot: int, generator: np.random.Generator) -> None:
        """Set one robot up at the start of an episode: write into cleared simulations and memory."""

    @abstractmethod
    def move(self, robots: NDArray[np.intp], actions: Floats) -> None:
        """Step the physics of these robots; actions, (n, A), are in [-1, 1]."""

    @abstractmethod
    def see(self) -> Floats:
        """Observations of all robots, (N, S)."""

    @abstractmethod
    def judge(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Rewards of all robots for the step just made, (N,), and which of them broke a constraint, (N,)."""

    def reached(self) -> NDArray[np.bool_]:
        """Which robots the last `judge` saw at a goal that ends their episode, (N,); none without goals."""
        return np.zeros(self.size, dtype=np.bool_)

    def returns(self) -> Floats:
        """Sum of rewards of each robot's running episode, (N,)."""
        return self._memory["returns"].copy()

    def observe(self) -> NDArray[np.float32]:
        """States of all robots, (N, S); fields and units stand in the task's docstring."""
        if self._seen is None:
            self._seen = self.see().astype(np.float32)
        return self._seen.copy()

    def act(self, actions: NDArray[np.float32], active: NDArray[np.bool_]) -> StepResult:
        """Move every active robot for one step; see robots.fleet.Fleet.act."""
        usable, active, clipped = check_actions(actions, active, self.size, self.spaces.action_size)
        self.clipped += clipped
        self._seen = None
        going = np.flatnonzero(active & ~self._waiting)
        if going.size:
            moves = usable[going].astype(np.float64)
            self._memory["actions"][going] = moves
            self.move(going, moves)
            self._steps[going] += 1
        self._catch_broken()
        fine = active & ~self._waiting
        rewards, broke = self.judge()
        rewards = np.where(fine, rewards, 0.0)
        self._memory["returns"] += rewards
        self._waiting |= fine & broke
        fine &= ~self._waiting
        reached = fine & self.reached()
        timed_out = fine & (self._steps >= self.episode_length)
        return StepResult(
            reward=rewards.astype(np.float32),
            done=reached | timed_out,
            violation=active & self._waiting,
            success=reached | (timed_out & (self._memory["returns"] >= self.success_return)),
        )

    def reset(self, ids: Sequence[int]) -> None:
        """Begin a new episode; a robot in violation stays as it is."""
        self._begin([robot for robot in check_ids(ids, self.size) if not self._waiting[robot]])

    def hard_reset(self, ids: Sequence[int]) -> None:
        """Begin a new episode."""
        self._begin(check_ids(ids, self.size))

    def frames(self, ids: Sequence[int]) -> list[Frame]:
        """What people see of these robots; clicks mean nothing."""
        return [self._frame(robot) for robot in check_ids(ids, self.size)]

    def schematic(self, robot: int) -> Frame:
        """What people see where there is no OpenGL; drawn with OpenCV."""
        return draw_robot(self._simulations.model, self._simulations.positions[robot], self.view)

    def _frame(self, robot: int) -> Frame:
        image = rendered(self._simulations.model, self._simulations.positions[robot], self.view)
        return self.schematic(robot) if image is None else Frame(image=image, anchor=None, reach=0.0)

    def snapshot(self) -> Snapshot:
        """State that `restore` turns back bit for bit."""
        return {
            snapshots.HEADER: snapshots.header(self._owner(), _SNAPSHOT_VERSION),
            "physics": self._simulations.state.copy(),
            "steps": self._steps.copy(),
            "waiting": self._waiting.copy(),
            "generators": pack(self._generators),
            **{f"memory_{name}": array.copy() for name, array in self._memory.items()},
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of this task, size and version; raises FleetError for any other."""
        snapshots.check(snapshot, self.snapshot(), f"a fleet of {self.size} {self._owner()} robots")
        arrays: dict[str, NDArray[Any]] = {name: np.array(array) for name, array in snapshot.items()}
        self._seen = None
        self._simulations.restore(arrays["physics"])
        self._steps, self._waiting = arrays["steps"], arrays["waiting"]
        self._generators = unpack(arrays["generators"])
        self._memory = {name: arrays[f"memory_{name}"] for name in self._memory}

    def _owner(self) -> str:
        """Whose snapshots these are: physics of one engine mean nothing to another."""
        backend = self._simulations.backend
        return self.task if backend == engines.DEFAULT else f"{self.task} on {backend}"

    def _begin(self, robots: list[int]) -> None:
        self._seen = None
        for robot in robots:
            self._simulations.clear(robot)
            for array in self._memory.values():
                array[robot] = 0.0
            self.begin(robot, self._generators[robot])
            self._steps[robot] = 0
            self._waiting[robot] = False
        if robots:
            self._simulations.refresh(robots)

    def _catch_broken(self) -> None:
        """A simulation that blew up is put back to a start, so that every number stays finite, and waits."""
        for robot in np.flatnonzero(self._simulations.broken() & ~self._waiting).tolist():
            _logger.warning(
                "%s: the simulation of robot %d blew up; it waits for a hard reset", self.task, robot
            )
            self._begin([robot])
            self._waiting[robot] = True
