"""Importance samples from a density that a few uniform ones suggest, component by component."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from policy.energy.network import Energy
from policy.errors import InputError
from policy.sampling.importance import ImportanceSamples, evaluated, importance, weighted
from policy.sampling.lattice import lattice


@dataclass(frozen=True)
class AdaptedConfig:
    """Work for one state: pilot + samples energies of each member, no slopes."""

    pilot: int = 128
    """Uniform actions to begin with."""
    samples: int = 768
    """Actions from the density that the pilot suggests."""
    bins: int = 8
    """Of each component's histogram."""
    uniform: float = 0.1
    """Share of each histogram that is uniform, so that no place is left out."""

    def __post_init__(self) -> None:
        if min(self.pilot, self.samples, self.bins) < 2 or not 0 < self.uniform <= 1:
            raise InputError(
                f"pilot {self.pilot}, samples {self.samples} and bins {self.bins} must be at least 2, "
                f"uniform {self.uniform} above 0 up to 1"
            )


@torch.no_grad()
def adapted(
    energies: Sequence[Energy],
    states: Sequence[Tensor],
    low: Tensor,
    high: Tensor,
    generator: torch.Generator,
    config: AdaptedConfig | None = None,
) -> ImportanceSamples:
    """Weighted actions for M energies at once, most of them where one component after the other suggests.

    A pilot of uniform actions is weighted by all energies alike; each component's weighted histogram,
    smoothed and mixed with the uniform one, is a density of that component, and the product of them is drawn
    from, on lattice points. Pilot and draws count as one sample of their mixture (balance heuristic). A
    product holds every mode that the pilot met, and the places between them too: where energies are sharp in
    many components, few samples are effective, and they tell. states: of each energy, (B, ...). low, high:
    (A,). Raises InputError for shapes that do not fit and for energies that are not finite, naming the state.
    """
    config = config or AdaptedConfig()
    batch = len(states[0])
    start = lattice(batch, config.pilot, low, high, generator)
    pilot = importance(energies, states, low, high, generator, two_stages=False, start=start)
    shares = _histograms(pilot, low, high, config)  # (B, A, bins)
    even = (lattice(batch, config.samples, low, high, generator) - low) / (high - low)
    drawn = low + _quantiles(shares, even) * (high - low)
    actions = torch.cat([pilot.actions, torch.minimum(torch.maximum(drawn, low), high)], dim=1)
    values = torch.cat([pilot.energies, evaluated(energies, states, actions[:, config.pilot :])], dim=-1)
    share = config.samples / (config.pilot + config.samples)
    product = _log_density(shares, (actions - low) / (high - low)).exp()  # (B, K), of the uniform density
    return weighted(actions, values, torch.log((1.0 - share) + share * product), low, high)


def _histograms(pilot: ImportanceSamples, low: Tensor, high: Tensor, config: AdaptedConfig) -> Tensor:
    """Probability of each bin of each component, (B, A, bins)."""
    cells = _cells((pilot.actions - low) / (high - low), config.bins)  # (B, A, K)
    weights = pilot.weights.mean(dim=0)[:, None].expand(cells.shape)
    shares = weights.new_zeros(*cells.shape[:2], config.bins).scatter_add_(2, cells, weights)
    beside = torch.nn.functional.pad(shares, (1, 1), mode="replicate")
    smooth = 0.25 * beside[..., :-2] + 0.5 * shares + 0.25 * beside[..., 2:]
    smooth = smooth / smooth.sum(dim=-1, keepdim=True)
    return (1.0 - config.uniform) * smooth + config.uniform / config.bins


def _quantiles(shares: Tensor, even: Tensor) -> Tensor:
    """Where uniform numbers, (B, K, A) in [0, 1], go by histograms on [0, 1]: (B, K, A)."""
    ends = shares.cumsum(dim=-1)
    points = even.transpose(1, 2).contiguous()  # (B, A, K)
    cell = torch.searchsorted(ends, points, right=True).clamp_max(shares.shape[-1] - 1)
    share = shares.gather(2, cell)
    within = (points - (ends.gather(2, cell) - share)) / share
    return ((cell + within.clamp(0.0, 1.0)) / shares.shape[-1]).transpose(1, 2)


def _log_density(shares: Tensor, unit: Tensor) -> Tensor:
    """Of the product of histograms at points in [0, 1], (B, K, A): (B, K), relative to uniform."""
    bins = shares.shape[-1]
    return (shares.gather(2, _cells(unit, bins)) * bins).log().sum(dim=1)


def _cells(unit: Tensor, bins: int) -> Tensor:
    """Which bin each component lies in: (B, K, A) in [0, 1] to (B, A, K)."""
    return (unit * bins).long().clamp_(0, bins - 1).transpose(1, 2)
