"""From energies to actions: pure functions of (energy, states, bounds, generator, configuration)."""

from policy.sampling.adapted import AdaptedConfig, adapted
from policy.sampling.annealed import AnnealedConfig, AnnealedDiagnostics, annealed_smc
from policy.sampling.autoregressive import (
    AutoregressiveConfig,
    AutoregressiveDiagnostics,
    autoregressive,
)
from policy.sampling.box import Bound, bounds, uniform
from policy.sampling.derivative_free import DerivativeFreeConfig, Minimum, derivative_free
from policy.sampling.descent import DescentConfig, descend
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
from policy.sampling.lattice import lattice
from policy.sampling.mala import MalaConfig, MalaDiagnostics, mala
from policy.sampling.population import PopulationConfig, population

__all__ = [
    "PUBLISHED",
    "PUBLISHED_CODE",
    "AdaptedConfig",
    "AnnealedConfig",
    "AnnealedDiagnostics",
    "AutoregressiveConfig",
    "AutoregressiveDiagnostics",
    "Bound",
    "DerivativeFreeConfig",
    "DescentConfig",
    "ImportanceConfig",
    "ImportanceSamples",
    "LangevinConfig",
    "LangevinDiagnostics",
    "MalaConfig",
    "MalaDiagnostics",
    "Minimum",
    "PopulationConfig",
    "adapted",
    "annealed_smc",
    "autoregressive",
    "bounds",
    "derivative_free",
    "descend",
    "importance",
    "langevin",
    "lattice",
    "mala",
    "population",
    "second_stage",
    "uniform",
]
