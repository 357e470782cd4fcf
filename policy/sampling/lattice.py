"""Uniform actions that fill the box more evenly than independent ones do."""

from functools import cache

import torch
from torch import Tensor

_CANDIDATES = 256  # Multipliers that are compared for one number of actions and components.


def lattice(states: int, samples: int, low: Tensor, high: Tensor, generator: torch.Generator) -> Tensor:
    """Uniform actions, (states, samples, A), for bounds of shape (A,), on the generator's device.

    A lattice with one multiplier (Korobov, 1959), moved by a random shift of each state's own (Cranley and
    Patterson, 1976) and folded once per component (Hickernell, 2002). Every action by itself is uniform, so
    means over them are as unbiased as over independent ones; their error is smaller where the function is
    smooth. They are not independent: an error estimated as if they were is too large.
    """
    components = len(low)
    device = generator.device
    points = _points(_multiplier(samples, components), samples, components).to(device, torch.float32)
    shift = torch.rand((states, 1, components), generator=generator, device=device)
    folded = 1.0 - (2.0 * (points + shift).frac_() - 1.0).abs()  # (B, K, A), in [0, 1]
    return torch.minimum(torch.maximum(low + folded * (high - low), low), high)


def _points(multiplier: int, samples: int, components: int) -> Tensor:
    """(K, A) in [0, 1), float64: multiples of (1, m, m^2, ...) / K."""
    powers = torch.tensor([pow(multiplier, power, samples) for power in range(components)])
    return (torch.arange(samples)[:, None] * powers % samples).double() / samples


@cache
def _multiplier(samples: int, components: int) -> int:
    """The one with the least mean error over smooth periodic functions (P_2, weight 0.7 per component)."""

    def error(multiplier: int) -> float:
        unit = _points(multiplier, samples, components)
        return float((1.0 + 1.4 * (unit * unit - unit + 1.0 / 6.0)).prod(dim=1).mean())

    return min(range(1, min(samples, 2 * _CANDIDATES) + 1, 2), key=error)
