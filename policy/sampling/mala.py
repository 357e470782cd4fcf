"""Metropolis-adjusted Langevin: chains whose steps are corrected, so that they sample the density itself."""

from dataclasses import dataclass

import torch
from torch import Tensor

from policy.energy.network import Energy
from policy.errors import InputError
from policy.sampling.checks import check_states, first_actions
from policy.sampling.metropolis import Chains, adapted, metropolis_step


@dataclass(frozen=True)
class MalaConfig:
    """Work: samples x (burn_in + iterations) energies with slopes."""

    samples: int = 512
    """Chains per state, one sample of each."""
    burn_in: int = 60
    """Steps in which each state's step size is adapted; it is frozen after them."""
    iterations: int = 40
    """Steps after that."""
    temperature: float = 1.0
    """Of the density exp(-E / temperature)."""
    first_scale: float = 0.1
    """Noise of the first step, as a fraction of the box's width."""

    def __post_init__(self) -> None:
        if self.samples < 1 or self.burn_in < 0 or self.iterations < 1:
            raise InputError(
                f"samples {self.samples} and iterations {self.iterations} must be at least 1, burn_in "
                f"{self.burn_in} at least 0"
            )
        if not (self.temperature > 0 and 0 < self.first_scale <= 1):
            raise InputError(
                f"temperature {self.temperature} must be above 0 and first_scale {self.first_scale} in (0, 1]"
            )


@dataclass(frozen=True)
class MalaDiagnostics:
    """How the chains went."""

    energies: Tensor
    """(B, K) energies of the samples."""
    acceptance: Tensor
    """(B,) mean probability of acceptance after burning in: about 0.57 is best, near 0 or 1 is trouble."""
    scale: Tensor
    """(B,) noise of a step, as a fraction of the box's width, as adapted."""


@torch.no_grad()
def mala(
    energy: Energy,
    states: Tensor,
    low: Tensor,
    high: Tensor,
    generator: torch.Generator,
    config: MalaConfig | None = None,
    *,
    start: Tensor | None = None,
) -> tuple[Tensor, MalaDiagnostics]:
    """One sample of each chain, (B, K, A), from exp(-E / temperature) in the box.

    low, high: (A,). start: where chains begin, (B, K, A); uniform without. Exact for one mode once the chains
    have burnt in; between modes that lie apart they do not cross, so each mode keeps the share of chains that
    began nearest to it (`annealed_smc` weighs modes). Raises InputError for shapes that do not fit and for an
    energy or slope that is not finite, naming the state.
    """
    config = config or MalaConfig()
    check_states(states, low, high)
    actions = first_actions(start, states, config.samples, low, high, generator)
    chains = Chains.at(energy, states, actions)
    cold = actions.new_full((len(actions),), 1.0 / config.temperature)  # (B,)
    scale = actions.new_full((len(actions),), config.first_scale)  # (B,)
    acceptance = torch.zeros_like(scale)
    for iteration in range(config.burn_in + config.iterations):
        chains, probability = metropolis_step(energy, states, chains, cold, scale, (low, high), generator)
        if iteration < config.burn_in:
            scale = adapted(scale, probability, gain=1.0 / (1.0 + iteration / 20))
        else:
            acceptance = acceptance + probability.mean(dim=1) / config.iterations
    return chains.actions, MalaDiagnostics(chains.energies, acceptance, scale)
