"""Who helps whom: priorities of robots and the assignment of supervisors to them."""

from policy.allocation.assignment import assign
from policy.allocation.priorities import constraint, random_help, uncertainty_constraint

__all__ = ["assign", "constraint", "random_help", "uncertainty_constraint"]
