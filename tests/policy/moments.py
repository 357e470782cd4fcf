"""Comparing samples with known densities."""

import math

import torch
from torch import Tensor

from tests.policy.analytic import Density


def distance_to_density(samples: Tensor, density: Density, low: float, high: float) -> float:
    """Kolmogorov-Smirnov distance of samples, (n,), from exp(-E) on [low, high]."""
    line = torch.linspace(low, high, 200001, dtype=torch.float64)
    energies = density(line[:, None])
    mass = torch.exp(energies.min() - energies)
    cumulative = torch.cumulative_trapezoid(mass, line)
    cumulative = torch.cat([torch.zeros(1, dtype=torch.float64), cumulative / cumulative[-1]])
    ordered = samples.double().sort().values
    place = torch.searchsorted(line, ordered).clamp(max=len(line) - 1)
    expected, count = cumulative[place], len(ordered)
    above = torch.arange(1, count + 1) / count - expected
    below = expected - torch.arange(count) / count
    return float(torch.maximum(above, below).max())


def critical_distance(count: int, level: float = 0.001) -> float:
    """What independent samples stay below with probability 1 - level."""
    return math.sqrt(-0.5 * math.log(level / 2.0) / count)
