"""How each task's policies are trained: the one place read by training, retraining and benchmarks."""

from dataclasses import dataclass, replace

from iifl_server import seeds
from policy.energy.config import NetworkConfig, PolicyConfig
from policy.errors import InputError
from policy.learning.config import TrainingConfig
from policy.learning.counter_examples import REFINED_COUNTER_EXAMPLES, CounterExampleConfig
from robots.lookup import find
from robots.registry import task_spaces
from robots.task import Learning

IMPLICIT, CLONING, ENSEMBLE = "implicit", "cloning", "ensemble"
KINDS = (IMPLICIT, CLONING, ENSEMBLE)
FEW_COMPONENTS = 3
"""Of actions that uniform counter-examples still fill the space of."""


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
_PUSHING = Recipe(
    network=NetworkConfig(),
    initial=TrainingConfig(updates=500, symmetries=True),
    retraining=TrainingConfig(updates=250, learning_rate=5e-4, online_share=0.5, symmetries=True),
    threshold_percentile=80.0,
)
_RECIPES = {
    "block_push": _PUSHING,
    "yumi_push": _PUSHING,
    # Sizes as in Table 4.
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
    """Raises FleetError for a task that there is not, and InputError where no network fits what it sees."""
    return _RECIPES[task] if task in _RECIPES else _of_outside(task)


def _of_outside(task: str) -> Recipe:
    """By what its robots see, changed where its description says so."""
    spaces, learning = task_spaces(task), find(task).learning
    if len(spaces.observation_shape) == 1:
        (observation_size,) = spaces.observation_shape
        counter_examples = _bounded(3.0) if spaces.action_size <= FEW_COMPONENTS else REFINED_COUNTER_EXAMPLES
        usual = _of_states(observation_size, spaces.action_size, counter_examples, updates=1800, online=750)
    else:
        usual = Recipe(
            network=NetworkConfig(spaces.observation_shape, spaces.action_size),
            initial=TrainingConfig(updates=500, symmetries=learning.symmetries),
            retraining=TrainingConfig(
                updates=250, learning_rate=5e-4, online_share=0.5, symmetries=learning.symmetries
            ),
            threshold_percentile=80.0,
        )
    return _changed(usual, learning)


def _changed(usual: Recipe, learning: Learning) -> Recipe:
    """With what a task says of its own learning in place of what is usual."""

    def first(config: TrainingConfig) -> TrainingConfig:
        return config if learning.updates is None else replace(config, updates=learning.updates)

    def online(config: TrainingConfig) -> TrainingConfig:
        updates = config.updates if learning.online_updates is None else learning.online_updates
        share = config.online_share if learning.online_share is None else learning.online_share
        return replace(config, updates=updates, online_share=share)

    percentile = usual.threshold_percentile if learning.percentile is None else learning.percentile
    again = usual.explicit_retraining
    return replace(
        usual,
        initial=first(usual.initial),
        retraining=online(usual.retraining),
        threshold_percentile=percentile,
        explicit=None if usual.explicit is None else first(usual.explicit),
        explicit_retraining=None if again is None else online(again),
    )
