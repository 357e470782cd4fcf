"""What decides how a fleet is supervised; fixed during a run."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from policy.errors import InputError

Priority = Literal["uncertainty_constraint", "constraint", "random"]


@dataclass(frozen=True)
class SupervisionConfig:
    """Sizes and thresholds of one supervised fleet."""

    robots: int
    """N, at least 1."""
    supervisors: int
    """M, from 0 to N."""
    uncertainty_threshold: float
    """û, in the unit of the policy's uncertainty (nats for Jeffreys divergence); not negative."""
    minimum_intervention_steps: int = 3
    """t_T: interventions a supervisor executes on a robot before another robot may take them away."""
    hard_reset_steps: int = 5
    """t_R: steps of a supervisor that one hard reset takes."""
    retrain_every: int = 50
    """Fleet steps between retrainings; 0 never retrains."""
    priority: Priority = "uncertainty_constraint"
    """Allocation: U.C. (the method), C. (hard resets only), or random help within a budget (IIFL-R)."""
    random_budget: int = 0
    """For `random`: teleoperation actions (robot-steps) the whole run may take."""
    random_probability: float = 0.0
    """For `random`: chance that an unassisted robot calls in one step."""
    episode_length: int = 50
    """Steps per episode, the unit of `average_reward`."""
    seed: int = 0
    """Decides random help only."""

    def __post_init__(self) -> None:
        _require(self.robots >= 1, "robots", self.robots, "at least 1")
        _require(
            0 <= self.supervisors <= self.robots,
            "supervisors",
            self.supervisors,
            f"from 0 to the number of robots ({self.robots}): a supervisor helps one robot at a time",
        )
        threshold = self.uncertainty_threshold
        _require(
            not math.isnan(threshold) and threshold >= 0,
            "uncertainty_threshold",
            threshold,
            "a number that is not negative",
        )
        for name in ("minimum_intervention_steps", "hard_reset_steps", "episode_length"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        _require(self.retrain_every >= 0, "retrain_every", self.retrain_every, "0 (never) or more")
        _require(
            self.priority in get_args(Priority), "priority", self.priority, ", ".join(get_args(Priority))
        )
        _require(
            0 <= self.random_probability <= 1, "random_probability", self.random_probability, "from 0 to 1"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "SupervisionConfig":
        """Inverse of `to_dict`; raises InputError for a value that is not valid."""
        try:
            return cls(**values)
        except TypeError as error:
            raise InputError(f"not a supervision configuration: {error}") from error


def _require(valid: bool, name: str, value: object, expected: str) -> None:
    if not valid:
        raise InputError(f"{name} is {value!r}; valid is {expected}")
