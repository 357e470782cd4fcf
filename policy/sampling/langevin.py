"""Langevin sampling as published (Table 3; Appendix B.3 of Florence et al., 2021)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from policy.energy.gradients import value_and_gradient
from policy.energy.network import Energy
from policy.errors import InputError
from policy.sampling.box import uniform


@dataclass(frozen=True)
class LangevinConfig:
    """Step sizes and chains; the defaults are those of Table 3."""

    samples: int = 512
    """Chains per state ("inference counter examples")."""
    iterations: int = 100
    """Steps of each chain."""
    first_step: float = 0.1
    """Step size at the first iteration."""
    last_step: float = 1e-5
    """Step size at the last iteration."""
    power: float = 2.0
    """Of the polynomial decay between the two."""
    noise_scale: float = 1.0
    """Factor on the noise. The chain samples at temperature noise_scale^2: the published code uses 0.33,
    which is temperature 0.109, so uncertainties found with it are no nats at temperature 1."""
    largest_move: float = 0.1
    """Bound on one component of one move, as a fraction of the box's width."""

    def __post_init__(self) -> None:
        if self.samples < 1 or self.iterations < 1:
            raise InputError(f"samples {self.samples} and iterations {self.iterations} must be at least 1")
        if not 0 < self.last_step <= self.first_step or self.noise_scale < 0 or self.largest_move <= 0:
            raise InputError(
                f"steps must satisfy 0 < last {self.last_step} <= first {self.first_step}, noise_scale "
                f"{self.noise_scale} be at least 0 and largest_move {self.largest_move} above 0"
            )

    @property
    def temperature(self) -> float:
        """Temperature that the chains sample at."""
        return self.noise_scale**2

    def step(self, iteration: int) -> float:
        """Step size at an iteration from 0."""
        left = 1.0 - iteration / max(1, self.iterations - 1)
        return self.last_step + (self.first_step - self.last_step) * float(left**self.power)


PUBLISHED = LangevinConfig(noise_scale=0.33)
"""What the published code runs; see `LangevinConfig.noise_scale`."""


@dataclass(frozen=True)
class LangevinDiagnostics:
    """How the chains ended."""

    energies: Tensor
    """(B, K) energies of the samples."""
    clipped: float
    """Share of moves' components that met the bound on moves."""


def langevin(
    energy: Energy,
    states: Tensor,
    low: Tensor,
    high: Tensor,
    generator: torch.Generator,
    config: LangevinConfig | None = None,
    *,
    start: Tensor | None = None,
) -> tuple[Tensor, LangevinDiagnostics]:
    """Samples of exp(-E / temperature) in the box, (B, K, A), from unadjusted Langevin chains.

    a <- clip(a - step / 2 * dE/da + noise_scale * sqrt(step) * xi), with xi standard normal. low, high: (A,).
    start: where the chains begin, (B, K, A); uniform without. Gradients of the energy's own parameters are
    left alone. Biased where the energy is sharper than the steps; `importance` is the check on it.
    """
    config = config or LangevinConfig()
    if start is None:
        start = uniform(len(states), config.samples, low, high, generator)
    actions = start.detach().clone()
    bound = config.largest_move * (high - low)  # (A,)
    clipped = 0.0
    for iteration in range(config.iterations):
        step = config.step(iteration)
        _, slope = value_and_gradient(energy, states, actions)
        noise = torch.randn(actions.shape, generator=generator)
        move = -0.5 * step * slope + config.noise_scale * step**0.5 * noise
        clipped += float((move.abs() > bound).float().mean())
        moved = actions + torch.minimum(torch.maximum(move, -bound), bound)
        actions = torch.minimum(torch.maximum(moved, low), high)
    with torch.no_grad():
        energies = energy(states, actions)
    return actions, LangevinDiagnostics(energies, clipped / config.iterations)
