"""A fleet that Isaac Gym simulates, in a worker process with a Python of its own."""

import logging
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robots import snapshots
from robots.backends.isaacgym import protocol
from robots.backends.isaacgym.connection import Connection
from robots.checks import check_actions, check_ids, check_size
from robots.fleet import FleetError, Frame, Snapshot, Spaces, StepResult
from robots.frames import no_picture
from robots.randomness import check_seed

NAME = "isaacgym"
PYTHON = "IIFL_ISAACGYM_PYTHON"
"""Setting: the Python interpreter that has Isaac Gym and IsaacGymEnvs."""
STARTING_S = 300.0
ANSWERING_S = 60.0

_SNAPSHOT_VERSION = 1
_WORKER = "worker_"
_logger = logging.getLogger(__name__)


def worker_command() -> list[str]:
    """What starts the real worker; raises FleetError where the setting does not name its interpreter."""
    python = os.environ.get(PYTHON, "")
    if not python:
        raise FleetError(
            f"the backend isaacgym needs {PYTHON}: the path of the Python (3.8) in which Isaac Gym and "
            "IsaacGymEnvs are installed; it is not set"
        )
    return [python, str(Path(__file__).with_name("worker.py"))]


class IsaacGymFleet:
    """N robots of one task behind a pipe; implements robots.fleet.Fleet.

    task, spaces, episode_length: what the worker must simulate; other shapes are refused.
    robots: 1 to 1000. seed: a whole number of at least 0. success_return: sum of rewards that makes a whole
    episode a success; unless given only the worker's own successes count. command: what starts the
    worker. starting_s, answering_s: how long it may take before it is given up.

    Time-outs, robots that wait for a hard reset and numbers that are not finite are judged here; a robot of
    which the worker tells such numbers is in violation, begins anew and waits, and the others go on.

    Raises FleetError for bad arguments, and whenever the worker fails: that ends it, and the fleet with it.
    """

    def __init__(
        self,
        task: str,
        robots: int,
        seed: int,
        spaces: Spaces,
        episode_length: int,
        success_return: float = math.inf,
        command: Sequence[str] | None = None,
        starting_s: float = STARTING_S,
        answering_s: float = ANSWERING_S,
    ) -> None:
        self.task, self.spaces, self.episode_length = task, spaces, episode_length
        self.size = check_size(robots)
        self.clipped = 0
        """Robot-steps whose action was out of bounds since the fleet was made; no part of a snapshot."""
        said = {"version": protocol.VERSION, "task": task, "robots": self.size, "seed": check_seed(seed)}
        self._success_return, self._answering_s = success_return, answering_s
        self._connection = Connection(worker_command() if command is None else command)
        ready = self._connection.ask("hello", "ready", starting_s, fields=said)
        self._check_ready(ready.fields)
        self._name = str(ready.fields.get("name"))
        self._seen = np.zeros((self.size, *spaces.observation_shape), dtype=np.float32)
        self._look(ready, np.ones(self.size, dtype=np.bool_))
        self._steps = np.zeros(self.size, dtype=np.int64)
        self._waiting = np.zeros(self.size, dtype=np.bool_)
        self._returns = np.zeros(self.size)

    @property
    def process_id(self) -> int:
        """Of the worker."""
        return self._connection.process_id

    def close(self) -> None:
        """End the worker; the fleet cannot be used any more."""
        self._connection.close()

    def observe(self) -> NDArray[np.float32]:
        """What the worker saw last, (N, S)."""
        return self._seen.copy()

    def act(self, actions: NDArray[np.float32], active: NDArray[np.bool_]) -> StepResult:
        """Move every active robot for one step; see robots.fleet.Fleet.act."""
        usable, active, clipped = check_actions(actions, active, self.size, self.spaces.action_size)
        self.clipped += clipped
        going = active & ~self._waiting
        reward, success = np.zeros(self.size, dtype=np.float32), np.zeros(self.size, dtype=np.bool_)
        if going.any():
            reward, success = self._step(np.where(going[:, None], usable, 0.0).astype(np.float32), going)
        self._steps[going] += 1
        self._returns += reward
        fine = going & ~self._waiting
        timed_out = fine & ~success & (self._steps >= self.episode_length)
        return StepResult(
            reward=reward,
            done=success | timed_out,
            violation=active & self._waiting,
            success=success | (timed_out & (self._returns >= self._success_return)),
        )

    def reset(self, ids: Sequence[int]) -> None:
        """Begin a new episode; a robot in violation stays as it is."""
        self._begin([robot for robot in check_ids(ids, self.size) if not self._waiting[robot]])

    def hard_reset(self, ids: Sequence[int]) -> None:
        """Begin a new episode."""
        self._begin(check_ids(ids, self.size))

    def frames(self, ids: Sequence[int]) -> list[Frame]:
        """A notice for each robot: the worker draws nothing."""
        return [no_picture(f"{self.task} on {self._name} is not drawn") for _ in check_ids(ids, self.size)]

    def snapshot(self) -> Snapshot:
        """What `restore` goes on from: bit for bit as far as the simulator does."""
        state = self._ask("snapshot", "state").arrays
        return {
            snapshots.HEADER: snapshots.header(self._owner(), _SNAPSHOT_VERSION),
            "seen": self._seen.copy(),
            "steps": self._steps.copy(),
            "waiting": self._waiting.copy(),
            "returns": self._returns.copy(),
            **{_WORKER + name: array.copy() for name, array in state.items()},
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of this task, size, worker and version; raises FleetError for any other."""
        snapshots.check(snapshot, self.snapshot(), f"a fleet of {self.size} {self._owner()} robots")
        arrays = {name: np.array(array) for name, array in snapshot.items()}
        of_worker = {
            name.removeprefix(_WORKER): array for name, array in arrays.items() if name.startswith(_WORKER)
        }
        self._ask("restore", "seen", of_worker)
        self._seen, self._steps = arrays["seen"], arrays["steps"]
        self._waiting, self._returns = arrays["waiting"], arrays["returns"]

    def _step(
        self, actions: NDArray[np.float32], going: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Rewards and successes of one step, zero for all that did not move or broke a constraint."""
        answer = self._ask("step", "stepped", {"actions": actions, "active": going})
        reward = self._array(answer, "reward", "float32", (self.size,))
        broke = self._array(answer, "violation", "bool", (self.size,))
        success = self._array(answer, "success", "bool", (self.size,))
        useless = going & ~(self._look(answer, going) & np.isfinite(reward))
        self._waiting |= going & (broke | useless)
        for robot in np.flatnonzero(useless).tolist():
            _logger.warning("%s: robot %d blew up; it waits for a hard reset", self._owner(), robot)
        if useless.any():
            self._begin(np.flatnonzero(useless).tolist())
            self._waiting |= useless
        fine = going & ~self._waiting
        counted = going & ~useless
        return np.where(counted, reward, 0.0).astype(np.float32), success & fine

    def _begin(self, robots: list[int]) -> None:
        if not robots:
            return
        answer = self._ask("reset", "seen", {"ids": np.array(robots, dtype=np.int64)})
        chosen = np.zeros(self.size, dtype=np.bool_)
        chosen[robots] = True
        if not self._look(answer, chosen)[robots].all():
            raise self._connection.failure("began an episode with numbers that are not finite")
        self._steps[robots] = 0
        self._waiting[robots] = False
        self._returns[robots] = 0.0

    def _look(self, answer: protocol.Message, robots: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Take over what the worker sees of these robots; whether that is finite, (N,)."""
        shape = (self.size, *self.spaces.observation_shape)
        observation = self._array(answer, "observation", "float32", shape)
        finite: NDArray[np.bool_] = np.isfinite(observation).all(axis=1)
        self._seen[robots & finite] = observation[robots & finite]
        return finite

    def _ask(self, kind: str, answer: str, arrays: dict[str, Any] | None = None) -> protocol.Message:
        return self._connection.ask(kind, answer, self._answering_s, arrays=arrays)

    def _array(self, answer: protocol.Message, name: str, dtype: str, shape: tuple[int, ...]) -> Any:
        try:
            return protocol.array(answer, name, dtype, shape)
        except protocol.ProtocolError as error:
            raise self._connection.failure(f"broke the protocol: {error}") from None

    def _check_ready(self, said: dict[str, Any]) -> None:
        wanted = {
            "version": protocol.VERSION,
            "observation_size": self.spaces.observation_shape[0],
            "action_size": self.spaces.action_size,
        }
        for name, value in wanted.items():
            if said.get(name) != value:
                raise self._connection.failure(f"has {name} {said.get(name)!r}, but {value} is needed")

    def _owner(self) -> str:
        return f"{self.task} on {NAME} ({self._name})"
