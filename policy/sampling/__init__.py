"""From energies to actions: pure functions of (energy, states, bounds, generator, configuration)."""

from policy.sampling.box import Bound, bounds, uniform
from policy.sampling.derivative_free import DerivativeFreeConfig, Minimum, derivative_free
from policy.sampling.importance import ImportanceConfig, ImportanceSamples, importance
from policy.sampling.langevin import PUBLISHED, LangevinConfig, LangevinDiagnostics, langevin

__all__ = [
    "PUBLISHED",
    "Bound",
    "DerivativeFreeConfig",
    "ImportanceConfig",
    "ImportanceSamples",
    "LangevinConfig",
    "LangevinDiagnostics",
    "Minimum",
    "bounds",
    "derivative_free",
    "importance",
    "langevin",
    "uniform",
]
