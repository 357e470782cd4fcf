"""Sampling one action component after the other, each given those before it (Florence et al., 2021, B.2)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from policy.energy.network import Energy
from policy.errors import InputError


@dataclass(frozen=True)
class AutoregressiveConfig:
    """Work for one state: samples x candidates energies of every component."""

    samples: int = 64
    """K."""
    candidates: int = 64
    """Values that a component is chosen from: one drawn in each of as many equal cells of its range."""

    def __post_init__(self) -> None:
        if self.samples < 1 or self.candidates < 2:
            raise InputError(
                f"samples {self.samples} must be at least 1 and candidates {self.candidates} at least 2"
            )


@dataclass(frozen=True)
class AutoregressiveDiagnostics:
    """How likely the samples are."""

    energies: Tensor
    """(B, K) joint energies, normalised as far as the candidates resolve each component: their negatives
    estimate log densities."""


@torch.no_grad()
def autoregressive(
    components: Sequence[Energy],
    states: Tensor,
    low: Tensor,
    high: Tensor,
    generator: torch.Generator,
    config: AutoregressiveConfig | None = None,
) -> tuple[Tensor, AutoregressiveDiagnostics]:
    """Independent samples, (B, K, A), of the product of conditional densities exp(-E_j) / Z_j.

    components: E_j of states and the first j components, (B, K, j), for j = 1..A; those of an
    `AutoregressiveHead` take features as states. low, high: (A,). Every sample weighs candidates of its own,
    which normalises each conditional, as training does. Florence et al. weigh samples against each other
    instead, so there a beginning that has few good ends loses its share.
    Raises InputError where components and bounds differ in number.
    """
    config = config or AutoregressiveConfig()
    if len(components) != len(low):
        raise InputError(f"there are {len(components)} components and {len(low)} bounds: as many of each")
    batch, cells = len(states), config.candidates
    shape = (batch, config.samples, cells)
    actions = low.new_empty(batch, config.samples, 0)
    energies = low.new_zeros(batch, config.samples)
    edges = torch.arange(cells, device=low.device)
    for place, component in enumerate(components):
        width = high[place] - low[place]
        unit = (edges + torch.rand(shape, generator=generator, device=generator.device)) / cells
        values = low[place] + width * unit  # (B, K, G)
        before = actions[:, :, None].expand(-1, -1, cells, -1)
        candidates = torch.cat([before, values[..., None]], dim=-1)  # (B, K, G, j)
        found = component(states, candidates.flatten(1, 2)).view(shape)
        weights = torch.softmax(-found, dim=-1)
        pick = torch.multinomial(weights.flatten(0, 1), 1, generator=generator).view(batch, -1, 1)
        energies += found.gather(2, pick)[..., 0] + torch.logsumexp(-found, dim=-1)
        energies += math.log(float(width) / cells)
        actions = torch.cat([actions, values.gather(2, pick)], dim=-1)
    return actions, AutoregressiveDiagnostics(energies)
