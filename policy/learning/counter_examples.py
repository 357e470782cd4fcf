"""Counter-examples: actions that InfoNCE tells from the supervisors' own."""

from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import torch
from torch import Tensor

from policy.energy.network import Energy
from policy.errors import InputError
from policy.sampling.box import uniform
from policy.sampling.derivative_free import DerivativeFreeConfig, derivative_free
from policy.sampling.langevin import PUBLISHED, LangevinConfig, langevin

Kind = Literal["uniform", "langevin", "derivative_free", "refined", "autoregressive"]


@dataclass(frozen=True)
class CounterExampleConfig:
    """How many, and from where."""

    kind: Kind = "uniform"
    """`uniform`: spread evenly at random over the action box, under which InfoNCE's minimum is the density
    of the data at temperature 1. `langevin`: samples of the energy itself, as published. `derivative_free`:
    low energies that a search without gradients finds. `refined`: the lowest of some uniform actions, moved
    on by a few Langevin iterations; a fraction of the work of `langevin`. `autoregressive`: uniform values of
    one component after the other beside true values of those before it, for heads of that architecture."""
    count: int = 64
    """K."""
    langevin: LangevinConfig = field(default=PUBLISHED)
    """Chains of the second kind."""
    penalty: float = 0.0
    """Weight of the gradient penalty at the counter-examples; 1 in the published recipe."""
    search: DerivativeFreeConfig = field(default=DerivativeFreeConfig(64, 8, 8, 2))
    """Of `derivative_free`; `refined` takes its `samples` alone. Survivors are K in any case."""
    refinement: LangevinConfig = field(default=LangevinConfig(iterations=10, noise_scale=0.33))
    """Chains of `refined`."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise InputError(f"kind is {self.kind!r}; valid are {', '.join(get_args(Kind))}")
        if self.count < 1 or self.penalty < 0:
            raise InputError(f"count {self.count} must be at least 1 and penalty {self.penalty} at least 0")
        if self.kind == "autoregressive" and self.penalty:
            raise InputError(f"penalty is {self.penalty}; valid with kind autoregressive is 0")
        if self.kind in ("derivative_free", "refined") and self.search.samples < self.count:
            raise InputError(
                f"search.samples is {self.search.samples}; valid is at least count, which is {self.count}"
            )


PUBLISHED_COUNTER_EXAMPLES = CounterExampleConfig("langevin", 8, PUBLISHED, 1.0)
"""Eight Langevin samples and a gradient penalty (Table 3)."""

REFINED_COUNTER_EXAMPLES = CounterExampleConfig("refined", 8, penalty=1.0)
"""As many and with the same penalty, for a fraction of the work."""


def draw(
    config: CounterExampleConfig,
    energy: Energy,
    states: Tensor,
    low: Tensor,
    high: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """Counter-examples for states, (B, ...): (B, K, A), without gradients. low, high: (A,).

    For kind autoregressive they are uniform: the value of each component is a counter-example by itself.
    """
    states = states.detach()
    if config.kind in ("derivative_free", "refined"):
        search = replace(config.search, survivors=config.count)
        if config.kind == "refined":
            search = replace(search, iterations=0)
        start, _ = derivative_free(energy, states, low, high, generator, search)
    else:
        start = uniform(len(states), config.count, low, high, generator)
    if config.kind not in ("langevin", "refined"):
        return start
    chains = config.langevin if config.kind == "langevin" else config.refinement
    actions, _ = langevin(energy, states, low, high, generator, chains, start=start)
    return actions
