"""Energy-based policies that know how unsure they are, and the loop in which people help them.

Names are loaded when they are first used, so `import policy` does not load torch.

>>> import torch
>>> from policy import jeffreys_divergence
>>> calm = lambda states, actions: actions.square().sum(-1) / 0.08  # a Gaussian, sigma 0.2
>>> moved = lambda states, actions: (actions - 0.1).square().sum(-1) / 0.08
>>> draws = torch.Generator().manual_seed(0)
>>> result = jeffreys_divergence(calm, moved, torch.zeros(1, 3), [-1, -1], [1, 1], generator=draws)
>>> abs(result.estimate.item() - 0.5) < 0.1  # |shift|^2 / sigma^2 nats
True
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policy.allocation import (
        assign,
        constraint,
        constraint_uncertainty,
        constraint_uncertainty_risk,
        random_help,
        uncertainty_constraint,
    )
    from policy.allocation.safety_critic import (
        CriticConfig,
        SafetyCritic,
    )
    from policy.decision import (
        Decision,
    )
    from policy.energy import (
        Energy,
        EnergyNetwork,
        FastEnergy,
        NetworkConfig,
        PolicyConfig,
    )
    from policy.energy.gradients import (
        value_and_gradient,
    )
    from policy.errors import (
        CheckpointError,
        InputError,
        PolicyError,
    )
    from policy.explicit import (
        ExplicitPolicy,
        MixturePolicy,
    )
    from policy.implicit import (
        ImplicitPolicy,
    )
    from policy.learning import (
        CounterExampleConfig,
        Dataset,
        TrainingConfig,
        TrainingReport,
        augment,
        evaluate,
        gradient_penalty,
        info_nce,
        load_checkpoint,
        nearest_action_error,
        published,
        refined,
        sample_actions,
        save_checkpoint,
        train,
    )
    from policy.learning.demonstrations import (
        Demonstrations,
        read_demonstrations,
        split_episodes,
    )
    from policy.metrics import (
        Totals,
        average_reward,
        bootstrap_interval,
        rohe,
        rohe_released,
    )
    from policy.sampling import (
        PUBLISHED,
        PUBLISHED_CODE,
        AdaptedConfig,
        AnnealedConfig,
        DerivativeFreeConfig,
        DescentConfig,
        ImportanceConfig,
        LangevinConfig,
        MalaConfig,
        PopulationConfig,
        adapted,
        annealed_smc,
        derivative_free,
        descend,
        importance,
        langevin,
        lattice,
        mala,
        population,
    )
    from policy.supervision import (
        SupervisionConfig,
        SupervisionState,
        advance,
        allocate,
        order,
    )
    from policy.uncertainty import (
        JeffreysEstimate,
        calibrate_threshold,
        ensemble_variance,
        jeffreys_by_partition,
        jeffreys_divergence,
        partition_function,
    )

_HOMES = {
    "policy.allocation": [
        "assign",
        "constraint",
        "constraint_uncertainty",
        "constraint_uncertainty_risk",
        "random_help",
        "uncertainty_constraint",
    ],
    "policy.allocation.safety_critic": ["CriticConfig", "SafetyCritic"],
    "policy.decision": ["Decision"],
    "policy.energy": ["Energy", "EnergyNetwork", "FastEnergy", "NetworkConfig", "PolicyConfig"],
    "policy.energy.gradients": ["value_and_gradient"],
    "policy.errors": ["CheckpointError", "InputError", "PolicyError"],
    "policy.explicit": ["ExplicitPolicy", "MixturePolicy"],
    "policy.implicit": ["ImplicitPolicy"],
    "policy.learning": [
        "CounterExampleConfig",
        "Dataset",
        "TrainingConfig",
        "TrainingReport",
        "augment",
        "evaluate",
        "gradient_penalty",
        "info_nce",
        "load_checkpoint",
        "nearest_action_error",
        "published",
        "refined",
        "sample_actions",
        "save_checkpoint",
        "train",
    ],
    "policy.learning.demonstrations": ["Demonstrations", "read_demonstrations", "split_episodes"],
    "policy.metrics": ["Totals", "average_reward", "bootstrap_interval", "rohe", "rohe_released"],
    "policy.sampling": [
        "PUBLISHED",
        "PUBLISHED_CODE",
        "AdaptedConfig",
        "AnnealedConfig",
        "DerivativeFreeConfig",
        "DescentConfig",
        "ImportanceConfig",
        "LangevinConfig",
        "MalaConfig",
        "PopulationConfig",
        "adapted",
        "annealed_smc",
        "derivative_free",
        "descend",
        "importance",
        "langevin",
        "lattice",
        "mala",
        "population",
    ],
    "policy.supervision": ["SupervisionConfig", "SupervisionState", "advance", "allocate", "order"],
    "policy.uncertainty": [
        "JeffreysEstimate",
        "calibrate_threshold",
        "ensemble_variance",
        "jeffreys_by_partition",
        "jeffreys_divergence",
        "partition_function",
    ],
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "PUBLISHED",
    "PUBLISHED_CODE",
    "AdaptedConfig",
    "AnnealedConfig",
    "CheckpointError",
    "CounterExampleConfig",
    "CriticConfig",
    "Dataset",
    "Decision",
    "Demonstrations",
    "DerivativeFreeConfig",
    "DescentConfig",
    "Energy",
    "EnergyNetwork",
    "ExplicitPolicy",
    "FastEnergy",
    "ImplicitPolicy",
    "ImportanceConfig",
    "InputError",
    "JeffreysEstimate",
    "LangevinConfig",
    "MalaConfig",
    "MixturePolicy",
    "NetworkConfig",
    "PolicyConfig",
    "PolicyError",
    "PopulationConfig",
    "SafetyCritic",
    "SupervisionConfig",
    "SupervisionState",
    "Totals",
    "TrainingConfig",
    "TrainingReport",
    "adapted",
    "advance",
    "allocate",
    "annealed_smc",
    "assign",
    "augment",
    "average_reward",
    "bootstrap_interval",
    "calibrate_threshold",
    "constraint",
    "constraint_uncertainty",
    "constraint_uncertainty_risk",
    "derivative_free",
    "descend",
    "ensemble_variance",
    "evaluate",
    "gradient_penalty",
    "importance",
    "info_nce",
    "jeffreys_by_partition",
    "jeffreys_divergence",
    "langevin",
    "lattice",
    "load_checkpoint",
    "mala",
    "nearest_action_error",
    "order",
    "partition_function",
    "population",
    "published",
    "random_help",
    "read_demonstrations",
    "refined",
    "rohe",
    "rohe_released",
    "sample_actions",
    "save_checkpoint",
    "split_episodes",
    "train",
    "uncertainty_constraint",
    "value_and_gradient",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'policy' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
