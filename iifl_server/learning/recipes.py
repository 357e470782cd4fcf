"""How each task's policies are trained: the one place read by training, retraining and benchmarks."""

from dataclasses import dataclass

from iifl_server import seeds
from policy.energy.config import NetworkConfig, PolicyConfig
from policy.errors import InputError
from policy.learning.config import TrainingConfig

IMPLICIT, CLONING, ENSEMBLE = "implicit", "cloning", "ensemble"
KINDS = (IMPLICIT, CLONING, ENSEMBLE)


@dataclass(frozen=True)
class Recipe:
    """One task's networks, trainings and calibration."""

    network: NetworkConfig
    """The same for implicit and explicit policies."""
    initial: TrainingConfig
    """From random weights, on the demonstrations."""
    retraining: TrainingConfig
    """From the present weights, on the aggregated dataset, while the fleet runs."""
    threshold_percentile: float
    """û is this percentile of the uncertainties of an unassisted fleet."""
    data_seed: int = seeds.DEMONSTRATIONS
    """Seed of the demonstrations."""

    def policy_config(self, kind: str) -> PolicyConfig:
        """Members and bootstrap of a kind of policy; raises InputError for an unknown kind."""
        if kind == IMPLICIT:
            return PolicyConfig(self.network, members=2, bootstrap=True)
        if kind == CLONING:
            return PolicyConfig(self.network, members=1, bootstrap=False)
        if kind == ENSEMBLE:
            return PolicyConfig(self.network, members=5, bootstrap=True)
        raise InputError(f"kind is {kind!r}; valid are {', '.join(KINDS)}")


_RECIPES = {
    "block_push": Recipe(
        network=NetworkConfig(),
        initial=TrainingConfig(updates=500, symmetries=True),
        retraining=TrainingConfig(updates=250, learning_rate=5e-4, online_share=0.5, symmetries=True),
        threshold_percentile=80.0,
    )
}


def recipe(task: str) -> Recipe:
    """Raises InputError for a task that has none."""
    if task not in _RECIPES:
        raise InputError(f"no policy can be trained for task {task!r}; valid are {', '.join(_RECIPES)}")
    return _RECIPES[task]
