"""From energies to actions: pure functions of (energy, states, bounds, generator, configuration)."""

from policy.sampling.annealed import AnnealedConfig, AnnealedDiagnostics, annealed_smc
from policy.sampling.autoregressive import (
    AutoregressiveConfig,
    AutoregressiveDiagnostics,
    autoregressive,
)
from policy.sampling.box import Bound, bounds, uniform
from policy.sampling.derivative_free import DerivativeFreeConfig, Minimum, derivative_free
from policy.sampling.importance import (
    ImportanceConfig,
    ImportanceSamples,
    importance,
    second_stage,
)
from policy.sampling.langevin import (
    PUBLISHED,
    PUBLISHED_CODE,
    LangevinConfig,
    LangevinDiagnostics,
    langevin,
)
from policy.sampling.mala import MalaConfig, MalaDiagnostics, mala

__all__ = [
    "PUBLISHED",
    "PUBLISHED_CODE",
    "AnnealedConfig",
    "AnnealedDiagnostics",
    "AutoregressiveConfig",
    "AutoregressiveDiagnostics",
    "Bound",
    "DerivativeFreeConfig",
    "ImportanceConfig",
    "ImportanceSamples",
    "LangevinConfig",
    "LangevinDiagnostics",
    "MalaConfig",
    "MalaDiagnostics",
    "Minimum",
    "annealed_smc",
    "autoregressive",
    "bounds",
    "derivative_free",
    "importance",
    "langevin",
    "mala",
    "second_stage",
    "uniform",
]
