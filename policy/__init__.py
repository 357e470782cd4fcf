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
    from policy.allocation import assign
    from policy.allocation.safety_critic import CriticConfig, SafetyCritic
    from policy.decision import Decision
    from policy.energy import EnergyNetwork, NetworkConfig, PolicyConfig
    from policy.errors import CheckpointError, InputError, PolicyError
    from policy.explicit import ExplicitPolicy, MixturePolicy
    from policy.implicit import ImplicitPolicy
    from policy.learning import (
        CounterExampleConfig,
        Dataset,
        TrainingConfig,
        TrainingReport,
        evaluate,
        load_checkpoint,
        nearest_action_error,
        save_checkpoint,
        train,
    )
    from policy.metrics import bootstrap_interval
    from policy.sampling import annealed_smc, derivative_free, importance, langevin, mala
    from policy.uncertainty import calibrate_threshold, jeffreys_divergence, partition_function

_HOMES = {
    "policy.allocation": ["assign"],
    "policy.allocation.safety_critic": ["CriticConfig", "SafetyCritic"],
    "policy.decision": ["Decision"],
    "policy.energy": ["EnergyNetwork", "NetworkConfig", "PolicyConfig"],
    "policy.errors": ["CheckpointError", "InputError", "PolicyError"],
    "policy.explicit": ["ExplicitPolicy", "MixturePolicy"],
    "policy.implicit": ["ImplicitPolicy"],
    "policy.learning": [
        "CounterExampleConfig",
        "Dataset",
        "TrainingConfig",
        "TrainingReport",
        "evaluate",
        "load_checkpoint",
        "nearest_action_error",
        "save_checkpoint",
        "train",
    ],
    "policy.metrics": ["bootstrap_interval"],
    "policy.sampling": ["annealed_smc", "derivative_free", "importance", "langevin", "mala"],
    "policy.uncertainty": ["calibrate_threshold", "jeffreys_divergence", "partition_function"],
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "CheckpointError",
    "CounterExampleConfig",
    "CriticConfig",
    "Dataset",
    "Decision",
    "EnergyNetwork",
    "ExplicitPolicy",
    "ImplicitPolicy",
    "InputError",
    "MixturePolicy",
    "NetworkConfig",
    "PolicyConfig",
    "PolicyError",
    "SafetyCritic",
    "TrainingConfig",
    "TrainingReport",
    "annealed_smc",
    "assign",
    "bootstrap_interval",
    "calibrate_threshold",
    "derivative_free",
    "evaluate",
    "importance",
    "jeffreys_divergence",
    "langevin",
    "load_checkpoint",
    "mala",
    "nearest_action_error",
    "partition_function",
    "save_checkpoint",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'policy' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
