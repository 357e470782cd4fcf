"""The state of a supervised fleet between two steps."""

from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policy.allocation.threshold import UncertaintyCounts
from policy.errors import InputError
from policy.metrics import Totals, summarise
from policy.supervision.config import SupervisionConfig

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

NOBODY = -1


class Mode(StrEnum):
    """Who moves a robot now."""

    AUTONOMOUS = "autonomous"
    TELEOPERATED = "teleoperated"
    WAITING_RESET = "waiting_reset"
    RESETTING = "resetting"


@dataclass(frozen=True)
class Event:
    """Something that happened to one robot, for logs and screens."""

    kind: str
    """assigned, released, success, violation, hard_reset."""
    robot: int
    supervisor: int | None
    step: int
    detail: str = ""


@dataclass(frozen=True)
class SupervisionState:
    """Arrays of shape (N,) for robots and (M,) for supervisors; never changed in place."""

    step: int
    supervisor: Ints
    """Supervisor of each robot, -1 for none."""
    violated: Bools
    """The robot broke a constraint and waits for its hard reset."""
    executed: Ints
    """Interventions executed since the present supervisor came (t_T counts these)."""
    reset_steps: Ints
    """Steps of the hard reset under way that are done (t_R)."""
    reset_confirmed: Bools
    """The supervisor has confirmed the hard reset."""
    helped: Bools
    """A supervisor was assigned at some time since the episode (or goal) began."""
    waiting: Ints
    """Steps since the robot began to call without being served; -1 while it does not call."""
    muted: Ints
    """Steps for which a robot that was handed back does not call again."""
    uncertainty: Floats
    """As last estimated; 0 before the first step."""
    last_robot: Ints
    """(M,) robot that each supervisor helped last, -1 for none."""
    totals: Totals = field(default_factory=Totals)
    seen: UncertaintyCounts | None = None
    """Uncertainties so far, where û follows them (`call_share`); None where û is fixed."""

    @classmethod
    def initial(cls, config: SupervisionConfig) -> "SupervisionState":
        """Before the first step: every robot on its own."""
        robots, supervisors = config.robots, config.supervisors
        seen = UncertaintyCounts.empty() if config.call_share else None
        return cls(
            step=0,
            supervisor=np.full(robots, NOBODY, dtype=np.int64),
            violated=np.zeros(robots, dtype=bool),
            executed=np.zeros(robots, dtype=np.int64),
            reset_steps=np.zeros(robots, dtype=np.int64),
            reset_confirmed=np.zeros(robots, dtype=bool),
            helped=np.zeros(robots, dtype=bool),
            waiting=np.full(robots, -1, dtype=np.int64),
            muted=np.zeros(robots, dtype=np.int64),
            uncertainty=np.zeros(robots, dtype=np.float64),
            last_robot=np.full(supervisors, NOBODY, dtype=np.int64),
            seen=seen,
        )

    def mode(self, robot: int) -> Mode:
        """Who moves this robot now."""
        attended = self.supervisor[robot] != NOBODY
        if self.violated[robot]:
            return Mode.RESETTING if attended else Mode.WAITING_RESET
        return Mode.TELEOPERATED if attended else Mode.AUTONOMOUS

    def modes(self) -> list[Mode]:
        """`mode` of every robot."""
        return [self.mode(robot) for robot in range(len(self.supervisor))]

    def robot_of(self, supervisor: int) -> int | None:
        """Robot that this supervisor has now."""
        robots = np.flatnonzero(self.supervisor == supervisor)
        return int(robots[0]) if len(robots) else None

    def metrics(self, config: SupervisionConfig) -> dict[str, float]:
        """Counts and derived figures by the names of `policy.metrics`."""
        return summarise(
            self.totals,
            robots=config.robots,
            supervisors=config.supervisors,
            steps=self.totals.motions / config.robots if config.by_motion else self.step,
            episode_length=config.episode_length,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, for JSON and msgpack."""
        values: dict[str, Any] = {"step": self.step, "totals": asdict(self.totals)}
        for name in _DTYPES:
            values[name] = getattr(self, name).tolist()
        if self.seen is not None:
            values["seen"] = self.seen.counts.tolist()
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "SupervisionState":
        """Inverse of `to_dict`; raises InputError for anything else."""
        try:
            seen = UncertaintyCounts(np.array(values["seen"], dtype=np.int64)) if values.get("seen") else None
            arrays: dict[str, Any] = {
                name: np.array(values[name], dtype=dtype) for name, dtype in _DTYPES.items()
            }
            return cls(step=int(values["step"]), totals=Totals(**values["totals"]), seen=seen, **arrays)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"not a supervision state: {error!r}") from error


_DTYPES: dict[str, type] = {
    "supervisor": np.int64,
    "violated": np.bool_,
    "executed": np.int64,
    "reset_steps": np.int64,
    "reset_confirmed": np.bool_,
    "helped": np.bool_,
    "waiting": np.int64,
    "muted": np.int64,
    "uncertainty": np.float64,
    "last_robot": np.int64,
}
assert set(_DTYPES) | {"step", "totals", "seen"} == {f.name for f in fields(SupervisionState)}
