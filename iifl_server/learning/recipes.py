"""How each task's policies are trained: the one place read by training, retraining and benchmarks."""

from dataclasses import dataclass, replace

from iifl_server import seeds
from policy.energy.config import NetworkConfig, PolicyConfig
from policy.errors import InputError
from policy.learning.config import TrainingConfig
from policy.learning.counter_examples import REFINED_COUNTER_EXAMPLES, CounterExampleConfig

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
    explicit: TrainingConfig | None = None
    """`initial` of explicit policies, where they are best with another."""
    explicit_retraining: TrainingConfig | None = None
    """`retraining` of explicit policies, where they are best with another."""
    familiarity: float = 0.0
    """Of implicit policies: see `PolicyConfig`."""

    def initial_of(self, kind: str) -> TrainingConfig:
        """From random weights, for a kind of policy."""
        return self.initial if kind == IMPLICIT else self.explicit or self.initial

    def retraining_of(self, kind: str) -> TrainingConfig:
        """From the present weights, for a kind of policy."""
        return self.retraining if kind == IMPLICIT else self.explicit_retraining or self.retraining

    def policy_config(self, kind: str) -> PolicyConfig:
        """Members and bootstrap of a kind of policy; raises InputError for an unknown kind."""
        if kind == IMPLICIT:
            return PolicyConfig(self.network, members=2, bootstrap=True, familiarity=self.familiarity)
        if kind == CLONING:
            return PolicyConfig(self.network, members=1, bootstrap=False)
        if kind == ENSEMBLE:
            return PolicyConfig(self.network, members=5, bootstrap=True)
        raise InputError(f"kind is {kind!r}; valid are {', '.join(KINDS)}")


def _bounded(margin: float) -> CounterExampleConfig:
    """Uniform counter-examples; slopes up to the margin are free. For actions of two or three components."""
    return CounterExampleConfig(count=64, penalty=1.0, margin=margin)


def _of_states(
    observation_size: int,
    action_size: int,
    counter_examples: CounterExampleConfig,
    *,
    updates: int,
    online: int,
    percentile: float = 99.0,
    online_share: float | None = None,
) -> Recipe:
    """For a task that is seen as numbers, chosen by `tests/benchmarks/recipes.py` (decision 0014).

    The published networks have 6 hidden layers of 256 units; these have 3 of 128, on standardised states.
    updates, online: of a first training, and of each retraining while a fleet runs. online_share: of help in
    batches. Where none is told, samples count alike: with a few hundred of their worst moments in half of
    every batch, ants finish fewer episodes than without any help.
    """
    retraining = TrainingConfig(online, learning_rate=5e-4, online_share=online_share)
    return Recipe(
        network=NetworkConfig((observation_size,), action_size, width=128, state_depth=3, normalise=True),
        initial=TrainingConfig(updates, counter_examples=counter_examples),
        retraining=replace(retraining, counter_examples=counter_examples),
        threshold_percentile=percentile,
        explicit=TrainingConfig(1800),
        explicit_retraining=retraining,
    )


# Names also in `names.TASKS`, for processes that do without torch.
_RECIPES = {
    "block_push": Recipe(
        network=NetworkConfig(),
        initial=TrainingConfig(updates=500, symmetries=True),
        retraining=TrainingConfig(updates=250, learning_rate=5e-4, online_share=0.5, symmetries=True),
        threshold_percentile=80.0,
    ),
    # Sizes as in Table 4; the registry refuses a task that it does not know before this is read.
    # Robots of navigation all go the same way: a fifth of their steps lie before one wall, equally unsure.
    "navigation": _of_states(
        2, 2, _bounded(10.0), updates=1000, online=250, percentile=80.0, online_share=0.5
    ),
    "ball_balance": _of_states(24, 3, _bounded(3.0), updates=1800, online=750),
    "ant": _of_states(60, 8, REFINED_COUNTER_EXAMPLES, updates=1800, online=750),
    "anymal": _of_states(48, 12, REFINED_COUNTER_EXAMPLES, updates=1800, online=750),
    "franka_cube_stack": _of_states(19, 7, REFINED_COUNTER_EXAMPLES, updates=1800, online=750),
}


def recipe(task: str) -> Recipe:
    """Raises InputError for a task that has none."""
    if task not in _RECIPES:
        raise InputError(f"no policy can be trained for task {task!r}; valid are {', '.join(_RECIPES)}")
    return _RECIPES[task]
