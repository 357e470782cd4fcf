"""What decides how a fleet is supervised; fixed during a run."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from policy.allocation.threshold import check_threshold
from policy.errors import InputError

Priority = Literal[
    "uncertainty_constraint", "constraint_uncertainty", "constraint_uncertainty_risk", "constraint", "random"
]


WARM_UP = 10
"""Calls that a fixed threshold would have to give before a running one is trusted."""


@dataclass(frozen=True)
class SupervisionConfig:
    """Sizes and thresholds of one supervised fleet."""

    robots: int
    """N, at least 1."""
    supervisors: int
    """M, from 0 to N."""
    uncertainty_threshold: float
    """û, in the unit of the policy's uncertainty (nats for Jeffreys divergence); not negative.

    At 0 every robot that is not in violation calls in every step, so supervisors are never freed and move to
    the most uncertain robots after t_T (FrankaCubeStack, Section 7.3.1)."""
    minimum_intervention_steps: int = 3
    """t_T: interventions a supervisor executes on a robot before another robot may take them away."""
    hard_reset_steps: int = 5
    """t_R: steps of a supervisor that one hard reset takes."""
    retrain_every: int = 50
    """Fleet steps between retrainings; 0 never retrains."""
    priority: Priority = "uncertainty_constraint"
    """Allocation: U.C. (the method), C.U., C.U.R. (with a safety critic's risk), C. (hard resets only), or
    random help within a budget (IIFL-R)."""
    random_budget: int = 0
    """For `random`: teleoperation actions (robot-steps) the whole run may take."""
    random_probability: float = 0.0
    """For `random`: chance that an unassisted robot calls in one step."""
    episode_length: int = 50
    """Steps per episode, the unit of `average_reward`."""
    seed: int = 0
    """Decides random help only."""
    risk_threshold: float = 0.5
    """For C.U.R.: risk, from 0 to 1, above which a robot calls."""
    call_share: float = 0.0
    """0: û stays as it is. Above 0: û is the running 1 − share quantile of all uncertainties that the run has
    seen before the step, so that about this share of robot-steps call; `uncertainty_threshold` serves until
    WARM_UP / share were seen."""

    by_motion: bool = False
    """Of robots whose motions take long, and not all equally long: a step of the fleet is N motions, whenever
    they end. Retraining, ROHE and rewards count by these, idle robots are not counted, and somebody's hands
    that put a robot right count as `hard_reset_steps`."""

    def __post_init__(self) -> None:
        _require(self.robots >= 1, "robots", self.robots, "at least 1")
        _require(
            0 <= self.supervisors <= self.robots,
            "supervisors",
            self.supervisors,
            f"from 0 to the number of robots ({self.robots}): a supervisor helps one robot at a time",
        )
        check_threshold(self.uncertainty_threshold)
        for name in ("minimum_intervention_steps", "hard_reset_steps", "episode_length"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        _require(self.retrain_every >= 0, "retrain_every", self.retrain_every, "0 (never) or more")
        _require(
            self.priority in get_args(Priority), "priority", self.priority, ", ".join(get_args(Priority))
        )
        _require(
            0 <= self.random_probability <= 1, "random_probability", self.random_probability, "from 0 to 1"
        )
        _require(0 <= self.risk_threshold <= 1, "risk_threshold", self.risk_threshold, "from 0 to 1")
        _require(0 <= self.call_share < 1, "call_share", self.call_share, "0 (û is fixed) or a share below 1")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "SupervisionConfig":
        """Inverse of `to_dict`, of an older version too; raises InputError for a value that is not valid."""
        try:
            return cls(**values)
        except TypeError as error:
            raise InputError(f"not a supervision configuration: {error}") from error


def _require(valid: bool, name: str, value: object, expected: str) -> None:
    if not valid:
        raise InputError(f"{name} is {value!r}; valid is {expected}")
