"""Counter-examples: actions that InfoNCE tells from the supervisors' own."""

import math
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import torch
from torch import Tensor

from policy.energy.network import Energy
from policy.errors import InputError
from policy.sampling.box import uniform
from policy.sampling.derivative_free import DerivativeFreeConfig, derivative_free
from policy.sampling.langevin import PUBLISHED, LangevinConfig, langevin

Kind = Literal["uniform", "langevin", "derivative_free", "weighted", "autoregressive"]


@dataclass(frozen=True)
class CounterExampleConfig:
    """How many, and from where."""

    kind: Kind = "uniform"
    """Where they come from, which decides what the minimum of InfoNCE is (with p the density of the data):

    - `uniform`: spread evenly at random over the action box; the minimum is exp(-E) = p, temperature 1.
    - `langevin`: samples of the energy itself at the temperature T of the chains, as published; the minimum
      is exp(-E) = p^(T / (1 + T)), a flatter density, and p where `corrected`. Chains that end early lie
      between.
    - `derivative_free`: low energies that a search without gradients finds, of no density that can be told;
      the minimum has its modes where p has them, and no more is known of it.
    - `weighted`: drawn from `candidates` uniform actions by their weights exp(-E), then moved by a few
      Langevin iterations at temperature 1: samples of the energy for a fraction of the work, with the
      minimum of `langevin` at T = 1, and p where `corrected`.
    - `autoregressive`: uniform values of one component after the other beside true values of those before it,
      for heads of that architecture; the minimum is p."""
    count: int = 64
    """K."""
    langevin: LangevinConfig = field(default=PUBLISHED)
    """Chains of the second kind."""
    penalty: float = 0.0
    """Weight of the gradient penalty at the counter-examples; 1 in the published recipe."""
    margin: float = 1.0
    """Slopes up to this are free of penalty: no density is much sharper than exp(-margin |a|)."""
    corrected: bool = False
    """Of `weighted` and `langevin`: the logits hold -log q of the counter-examples, and the minimum is the
    density of the data instead of a power of it."""
    search: DerivativeFreeConfig = field(default=DerivativeFreeConfig(64, 8, 8, 2))
    """Of `derivative_free`; its survivors are K in any case."""
    candidates: int = 16
    """Of `weighted`: uniform actions that K are drawn from, none of them twice."""
    refinement: LangevinConfig = field(default=LangevinConfig(iterations=3))
    """Chains of `weighted`."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise InputError(f"kind is {self.kind!r}; valid are {', '.join(get_args(Kind))}")
        if self.count < 1 or self.penalty < 0 or not self.margin > 0:
            raise InputError(
                f"count {self.count} must be at least 1, penalty {self.penalty} at least 0 and margin "
                f"{self.margin} above 0"
            )
        if self.corrected and self.kind not in ("weighted", "langevin"):
            raise InputError(
                f"corrected is True with kind {self.kind}; valid with weighted and langevin, whose density "
                "the energy tells"
            )
        if self.corrected and not self.correction < math.inf:
            raise InputError("corrected is True without noise in the chains; valid is noise_scale above 0")
        if self.kind == "autoregressive" and self.penalty:
            raise InputError(f"penalty is {self.penalty}; valid with kind autoregressive is 0")
        if self.kind == "derivative_free" and self.search.samples < self.count:
            raise InputError(
                f"search.samples is {self.search.samples}; valid is at least count, which is {self.count}"
            )
        if self.kind == "weighted" and self.candidates < self.count:
            raise InputError(
                f"candidates is {self.candidates}; valid is at least count, which is {self.count}"
            )

    @property
    def correction(self) -> float:
        """What `info_nce` needs: one over the temperature that counter-examples are drawn at, or 0."""
        if not self.corrected:
            return 0.0
        chains = self.langevin if self.kind == "langevin" else self.refinement
        return 1.0 / chains.temperature if chains.temperature else math.inf


PUBLISHED_COUNTER_EXAMPLES = CounterExampleConfig("langevin", 8, PUBLISHED, 1.0)
"""Eight Langevin samples and a gradient penalty (Table 3)."""

LONG_STRIDES = LangevinConfig(
    iterations=4, first_step=2.0, last_step=0.1, decay="late", noise_scale=0.33, largest_move=0.25
)
"""Steps ten times as long, in a twelfth of the iterations, at the same temperature. The gradient penalty
keeps slopes near 1 or below, so four such moves cross the box as fifty of the published ones do."""

REFINED_COUNTER_EXAMPLES = CounterExampleConfig("langevin", 8, LONG_STRIDES, 1.0)
"""As many and with the same penalty, for a fraction of the work; chosen on `./iifl bench training`, where few
short iterations left low energies away from the data, and with them actions that no supervisor takes."""


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
    if config.kind == "derivative_free":
        search = replace(config.search, survivors=config.count)
        return derivative_free(energy, states, low, high, generator, search)[0]
    wide = config.candidates if config.kind == "weighted" else config.count
    start = uniform(len(states), wide, low, high, generator)
    if config.kind == "weighted":
        start = _weighted(energy, states, start, config.count, generator)
    if config.kind not in ("langevin", "weighted"):
        return start
    chains = config.langevin if config.kind == "langevin" else config.refinement
    actions, _ = langevin(energy, states, low, high, generator, chains, start=start)
    return actions


@torch.no_grad()
def _weighted(
    energy: Energy, states: Tensor, actions: Tensor, count: int, generator: torch.Generator
) -> Tensor:
    """`count` of the actions, (B, count, A), drawn by weights exp(-E) without replacement.

    The largest of log weights with Gumbel noise are such a draw (Efraimidis and Spirakis, 2006).
    """
    energies = energy(states, actions)  # (B, K)
    noise = torch.empty_like(energies).exponential_(generator=generator).log()
    chosen = (energies + noise).topk(count, dim=1, largest=False).indices
    return actions.gather(1, chosen[..., None].expand(-1, -1, actions.shape[2]))
