"""Counter-examples: actions that InfoNCE tells from the supervisors' own."""

from dataclasses import dataclass, field
from typing import Literal, get_args

import torch
from torch import Tensor

from policy.energy.network import Energy
from policy.errors import InputError
from policy.sampling.box import uniform
from policy.sampling.langevin import PUBLISHED, LangevinConfig, langevin

Kind = Literal["uniform", "langevin"]


@dataclass(frozen=True)
class CounterExampleConfig:
    """How many, and from where."""

    kind: Kind = "uniform"
    """`uniform`: spread evenly at random over the action box, under which InfoNCE's minimum is the density
    of the data at temperature 1. `langevin`: samples of the energy itself, as published."""
    count: int = 64
    """K."""
    langevin: LangevinConfig = field(default=PUBLISHED)
    """Chains of the second kind."""
    penalty: float = 0.0
    """Weight of the gradient penalty at the counter-examples; 1 in the published recipe."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise InputError(f"kind is {self.kind!r}; valid are {', '.join(get_args(Kind))}")
        if self.count < 1 or self.penalty < 0:
            raise InputError(f"count {self.count} must be at least 1 and penalty {self.penalty} at least 0")


PUBLISHED_COUNTER_EXAMPLES = CounterExampleConfig("langevin", 8, PUBLISHED, 1.0)
"""Eight Langevin samples and a gradient penalty (Table 3)."""


def draw(
    config: CounterExampleConfig,
    energy: Energy,
    states: Tensor,
    low: Tensor,
    high: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """Counter-examples for states, (B, ...): (B, K, A), without gradients."""
    start = uniform(len(states), config.count, low, high, generator)
    if config.kind == "uniform":
        return start
    actions, _ = langevin(energy, states.detach(), low, high, generator, config.langevin, start=start)
    return actions
