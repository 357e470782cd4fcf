"""Lives in `policy.energy.precision`; imported from here by what was there first."""

from policy.energy.precision import Precision, uses_bfloat16

__all__ = ["Precision", "uses_bfloat16"]
