"""Importance samples that two energies share: uniform first, then near where either has its mass."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from policy.energy.network import Energy
from policy.errors import InputError
from policy.sampling.box import uniform


@dataclass(frozen=True)
class ImportanceConfig:
    """Self-normalised importance sampling at temperature 1, in one or two stages."""

    samples: int = 512
    """Uniform actions of the first stage."""
    refined: int = 512
    """Actions of the second stage."""
    centres: int = 64
    """Cubes that the second stage draws from."""
    enough: float = 0.2
    """The second stage is left out where the first one's effective sample size is at least this share."""

    def __post_init__(self) -> None:
        if min(self.samples, self.refined, self.centres) < 2:
            raise InputError(
                f"samples {self.samples}, refined {self.refined}, centres {self.centres}: each at least 2"
            )


@dataclass(frozen=True)
class ImportanceSamples:
    """Actions with one row of weights per energy."""

    actions: Tensor
    """(B, K, A), shared by all energies."""
    energies: Tensor
    """(M, B, K), of each of the M energies."""
    weights: Tensor
    """(M, B, K), normalised: sums to 1 over K; expectations under exp(-E_m) are weighted sums."""

    @property
    def effective_sample_size(self) -> Tensor:
        """1 / sum of squared weights, (M, B), from 1 to K."""
        return 1.0 / self.weights.square().sum(dim=-1)

    def draw(self, energy: int, temperature: float, generator: torch.Generator) -> Tensor:
        """One action per state, (B, A), from the density exp(-E / temperature) of one of the energies."""
        colder = self.weights[energy].log() - self.energies[energy] * (1.0 / temperature - 1.0)
        chosen = torch.multinomial(torch.softmax(colder, dim=-1), 1, generator=generator)[:, 0]
        return self.actions[torch.arange(len(chosen)), chosen]


@torch.no_grad()
def importance(
    energies: Sequence[Energy],
    states: Sequence[Tensor],
    low: Tensor,
    high: Tensor,
    generator: torch.Generator,
    config: ImportanceConfig | None = None,
    *,
    two_stages: bool | None = None,
) -> ImportanceSamples:
    """Weighted actions for M energies at once, self-normalised (SNIS).

    states: what each energy takes as its states, each (B, ...). two_stages: None decides by effective
    sample size, for all states alike. The second stage draws from small cubes round actions resampled by the
    mean of all weights; both stages then count as one sample of their mixture (balance heuristic), which
    never has less than the uniform density times its share, so weights stay bounded.
    """
    config = config or ImportanceConfig()
    actions = uniform(len(states[0]), config.samples, low, high, generator)
    values = _evaluate(energies, states, actions)  # (M, B, K)
    result = ImportanceSamples(actions, values, torch.softmax(-values, dim=-1))
    if two_stages is None:
        two_stages = bool((result.effective_sample_size < config.enough * config.samples).any())
    if not two_stages:
        return result
    half = (high - low) * config.samples ** (-1.0 / len(low))  # (A,): a cube reaches its neighbours
    chosen = _resample(result.weights.mean(dim=0), config.centres, generator)  # (B, C)
    centres = actions.gather(1, chosen[..., None].expand(-1, -1, actions.shape[2]))  # (B, C, A)
    lower, upper = torch.maximum(centres - half, low), torch.minimum(centres + half, high)
    pick = torch.arange(config.refined) % config.centres
    unit = torch.rand((len(actions), config.refined, len(low)), generator=generator)
    refined = lower[:, pick] + unit * (upper - lower)[:, pick]  # (B, R, A)
    every = torch.cat([actions, refined], dim=1)
    values = torch.cat([values, _evaluate(energies, states, refined)], dim=-1)
    density = _mixture(every, lower, upper, low, high, config)  # (B, K + R)
    return ImportanceSamples(every, values, torch.softmax(-values - density.log(), dim=-1))


def _evaluate(energies: Sequence[Energy], states: Sequence[Tensor], actions: Tensor) -> Tensor:
    return torch.stack([energy(state, actions) for energy, state in zip(energies, states, strict=True)])


def _resample(weights: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Systematic resampling: indices, (B, count), from weights, (B, K)."""
    offsets = torch.rand((len(weights), 1), generator=generator)
    places = (torch.arange(count) + offsets) / count  # (B, count)
    return torch.searchsorted(weights.cumsum(dim=1), places).clamp_(max=weights.shape[1] - 1)


def _mixture(
    actions: Tensor, lower: Tensor, upper: Tensor, low: Tensor, high: Tensor, config: ImportanceConfig
) -> Tensor:
    """Density of both stages together at actions, (B, K), relative to the uniform density."""
    share = config.refined / (config.samples + config.refined)
    inside = torch.ones((), dtype=torch.bool)
    for axis in range(len(low)):  # one axis at a time keeps the largest array at (B, K, C)
        point = actions[:, :, None, axis]
        inside = inside & (point >= lower[:, None, :, axis]) & (point <= upper[:, None, :, axis])
    volume = ((upper - lower) / (high - low)).prod(dim=-1)  # (B, C)
    cubes = torch.einsum("bkc,bc->bk", inside.float(), 1.0 / volume) / config.centres
    return (1.0 - share) + share * cubes
