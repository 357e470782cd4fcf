"""Who helps whom: priorities of robots and the assignment of supervisors to them."""

from policy.allocation.assignment import assign
from policy.allocation.priorities import (
    constraint,
    constraint_uncertainty,
    constraint_uncertainty_risk,
    random_help,
    uncertainty_constraint,
)
from policy.allocation.threshold import UncertaintyCounts, check_threshold

__all__ = [
    "UncertaintyCounts",
    "assign",
    "check_threshold",
    "constraint",
    "constraint_uncertainty",
    "constraint_uncertainty_risk",
    "random_help",
    "uncertainty_constraint",
]
