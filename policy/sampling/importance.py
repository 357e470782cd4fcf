"""Importance samples that two energies share: uniform first, then near where either has its mass."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from policy.energy.network import Energy
from policy.errors import InputError
from policy.sampling.checks import check_states, checked_energies, first_actions

CONCENTRATED = 0.05
"""A first-stage sample with more than this share of the weight may stand for a mode that is too narrow for
uniform actions, however healthy the effective sample size."""


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
    log_z: Tensor
    """(M, B) log of the partition function, the integral of exp(-E_m) over the box."""
    log_density: Tensor
    """(B, K) log of the density that the actions were drawn from, relative to the uniform one."""

    @property
    def effective_sample_size(self) -> Tensor:
        """1 / sum of squared weights, (M, B), from 1 to K."""
        return 1.0 / self.weights.square().sum(dim=-1)

    def doubtful(self, enough: float) -> Tensor:
        """Whether less than this share of a state's samples is effective, or one of them counts for more than
        5 %: (B,)."""
        scarce = self.effective_sample_size.amin(dim=0) < enough * self.actions.shape[1]
        return scarce | (self.weights.amax(dim=(0, 2)) > CONCENTRATED)

    def of(self, rows: Tensor) -> "ImportanceSamples":
        """The samples of some states, by index."""
        return ImportanceSamples(
            self.actions[rows],
            self.energies[:, rows],
            self.weights[:, rows],
            self.log_z[:, rows],
            self.log_density[rows],
        )

    def draw(self, energy: int, temperature: float, generator: torch.Generator) -> Tensor:
        """One action per state, (B, A), from the density exp(-E / temperature) of one of the energies."""
        colder = self.weights[energy].log() - self.energies[energy] * (1.0 / temperature - 1.0)
        chosen = torch.multinomial(torch.softmax(colder, dim=-1), 1, generator=generator)[:, 0]
        return self.actions[torch.arange(len(chosen), device=chosen.device), chosen]


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
    start: Tensor | None = None,
) -> ImportanceSamples:
    """Weighted actions for M energies at once, self-normalised (SNIS).

    states: what each energy takes as its states, each (B, ...). two_stages: None decides by effective
    sample size, for all states alike. The second stage draws from small cubes round actions resampled by the
    mean of all weights; both stages then count as one sample of their mixture (balance heuristic), which
    never has less than the uniform density times its share, so weights stay bounded. start: first-stage
    actions, (B, K, A), each uniform by itself, where they have been drawn already.
    Raises InputError for shapes that do not fit and for energies that are not finite, naming the state.
    """
    config = config or ImportanceConfig()
    _check(energies, states, low, high)
    actions = first_actions(start, states[0], config.samples, low, high, generator)
    values = evaluated(energies, states, actions)  # (M, B, K)
    result = weighted(actions, values, torch.zeros_like(values[0]), low, high)
    if two_stages is None:
        two_stages = bool((result.effective_sample_size < config.enough * actions.shape[1]).any())
    return second_stage(result, energies, states, low, high, generator, config) if two_stages else result


@torch.no_grad()
def second_stage(
    first: ImportanceSamples,
    energies: Sequence[Energy],
    states: Sequence[Tensor],
    low: Tensor,
    high: Tensor,
    generator: torch.Generator,
    config: ImportanceConfig | None = None,
) -> ImportanceSamples:
    """Both stages of `importance` together, for samples of which only the first, uniform one is drawn."""
    config = config or ImportanceConfig()
    count, device = first.actions.shape[1], first.actions.device
    half = (high - low) * count ** (-1.0 / len(low))  # (A,): a cube reaches its neighbours
    chosen = systematic(first.weights.mean(dim=0), config.centres, generator)  # (B, C)
    centres = first.actions.gather(1, chosen[..., None].expand(-1, -1, len(low)))  # (B, C, A)
    lower, upper = torch.maximum(centres - half, low), torch.minimum(centres + half, high)
    pick = torch.arange(config.refined, device=device) % config.centres
    shape = (len(first.actions), config.refined, len(low))
    unit = torch.rand(shape, generator=generator, device=generator.device)
    refined = lower[:, pick] + unit * (upper - lower)[:, pick]  # (B, R, A)
    every = torch.cat([first.actions, refined], dim=1)
    values = torch.cat([first.energies, evaluated(energies, states, refined)], dim=-1)
    share = config.refined / (count + config.refined)
    density = _mixture(every, lower, upper, (low, high), share)  # (B, K + R)
    return weighted(every, values, density.log(), low, high)


def systematic(weights: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Systematic resampling: indices, (B, count), from weights, (B, K), whose rows sum to 1."""
    offsets = torch.rand((len(weights), 1), generator=generator, device=generator.device)
    places = (torch.arange(count, device=generator.device) + offsets) / count  # (B, count)
    return torch.searchsorted(weights.cumsum(dim=1), places).clamp_(max=weights.shape[1] - 1)


def _check(energies: Sequence[Energy], states: Sequence[Tensor], low: Tensor, high: Tensor) -> None:
    if not energies or len(energies) != len(states) or len({len(state) for state in states}) != 1:
        raise InputError(
            f"there are {len(energies)} energies and states of lengths {[len(state) for state in states]}; "
            "valid is one tensor of states per energy, at least one, all of one length"
        )
    for state in states:
        check_states(state, low, high)


def evaluated(energies: Sequence[Energy], states: Sequence[Tensor], actions: Tensor) -> Tensor:
    """Energies of actions, (M, B, K). Raises InputError for one that is not finite, naming the state."""
    return torch.stack(
        [
            checked_energies(energy(state, actions), actions)
            for energy, state in zip(energies, states, strict=True)
        ]
    )


def weighted(
    actions: Tensor, values: Tensor, log_density: Tensor, low: Tensor, high: Tensor
) -> ImportanceSamples:
    """Samples with their weights: actions, (B, K, A), energies, (M, B, K), and the log of the density that
    the actions come from, relative to the uniform one, (B, K)."""
    log_weights = -values - log_density
    volume = (high - low).log().sum() - math.log(actions.shape[1])
    log_z = torch.logsumexp(log_weights, dim=-1) + volume
    return ImportanceSamples(actions, values, torch.softmax(log_weights, dim=-1), log_z, log_density)


def _mixture(
    actions: Tensor, lower: Tensor, upper: Tensor, box: tuple[Tensor, Tensor], share: float
) -> Tensor:
    """Density of both stages together at actions, (B, K), relative to the uniform density."""
    low, high = box
    inside = torch.ones((), dtype=torch.bool, device=actions.device)
    for axis in range(len(low)):  # one axis at a time keeps the largest array at (B, K, C)
        point = actions[:, :, None, axis]
        inside = inside & (point >= lower[:, None, :, axis]) & (point <= upper[:, None, :, axis])
    volume = ((upper - lower) / (high - low)).prod(dim=-1)  # (B, C)
    cubes = torch.einsum("bkc,bc->bk", inside.float(), 1.0 / volume) / lower.shape[1]
    return (1.0 - share) + share * cubes
