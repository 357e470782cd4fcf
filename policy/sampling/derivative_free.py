"""Minimising an energy without gradients: uniform actions, then a shrinking Gaussian round the best."""

from dataclasses import dataclass

import torch
from torch import Tensor

from policy.energy.network import Energy
from policy.errors import InputError
from policy.sampling.box import clip, uniform
from policy.sampling.checks import check_states, checked_energies


@dataclass(frozen=True)
class DerivativeFreeConfig:
    """Work for one decision: samples + iterations x survivors x offspring energies."""

    samples: int = 512
    """Uniform actions to begin with."""
    survivors: int = 16
    """Lowest-energy actions that the next round starts from."""
    offspring: int = 8
    """Actions drawn round each survivor in a round."""
    iterations: int = 4
    """Rounds."""
    spread: float = 0.08
    """Standard deviation of the first round, as a fraction of the box's width."""
    shrink: float = 0.5
    """Factor on the spread from one round to the next."""

    def __post_init__(self) -> None:
        if min(self.survivors, self.offspring) < 1 or self.samples < self.survivors or self.iterations < 0:
            raise InputError(
                f"samples {self.samples} must be at least survivors {self.survivors}, both and offspring "
                f"{self.offspring} at least 1, iterations {self.iterations} at least 0"
            )
        if not (self.spread > 0 and 0 < self.shrink <= 1):
            raise InputError(f"spread {self.spread} must be above 0 and shrink {self.shrink} in (0, 1]")


@dataclass(frozen=True)
class Minimum:
    """The best action found for each state."""

    actions: Tensor
    """(B, A)."""
    energies: Tensor
    """(B,)."""


@torch.no_grad()
def derivative_free(
    energy: Energy,
    states: Tensor,
    low: Tensor,
    high: Tensor,
    generator: torch.Generator,
    config: DerivativeFreeConfig | None = None,
    *,
    first: tuple[Tensor, Tensor] | None = None,
) -> tuple[Tensor, Minimum]:
    """Actions near the minimum of energy(states, .) in the box, and the best of them.

    low, high: shape (A,). first: uniform actions, (B, K, A), and their energies, (B, K), where they have
    been computed already. Returns the last survivors, (B, survivors, A), best first, and the minimum.
    Raises InputError for shapes that do not fit and for an energy that is not finite, naming the state.
    """
    config = config or DerivativeFreeConfig()
    check_states(states, low, high)
    if first is None:
        actions = uniform(len(states), config.samples, low, high, generator)
        first = actions, checked_energies(energy(states, actions), actions)
    actions, energies = _best(*first, config.survivors)
    deviation = config.spread * (high - low)  # (A,)
    for _ in range(config.iterations):
        parents = actions.repeat_interleave(config.offspring, dim=1)  # (B, survivors * offspring, A)
        noise = torch.randn(parents.shape, generator=generator, device=generator.device)
        children = clip(parents + deviation * noise, low, high)
        pool = torch.cat([actions, children], dim=1)
        found = checked_energies(energy(states, children), children)
        actions, energies = _best(pool, torch.cat([energies, found], dim=1), config.survivors)
        deviation = deviation * config.shrink
    return actions, Minimum(actions[:, 0], energies[:, 0])


def _best(actions: Tensor, energies: Tensor, count: int) -> tuple[Tensor, Tensor]:
    lowest, index = energies.topk(min(count, energies.shape[1]), dim=1, largest=False, sorted=True)
    return actions.gather(1, index[..., None].expand(-1, -1, actions.shape[2])), lowest
