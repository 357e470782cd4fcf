"""Langevin sampling as published (Table 3; Appendix B.3 of Florence et al., 2021)."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from torch import Tensor

from policy.energy.network import Energy
from policy.errors import InputError
from policy.sampling.box import clip
from policy.sampling.checks import check_states, checked_energies, checked_slopes, first_actions

Decay = Literal["early", "late"]
"""When the step falls most: `early`, as (1 - i/(n-1))^power of n iterations; `late`, as 1 -
(i/(n-1))^power."""


@dataclass(frozen=True)
class LangevinConfig:
    """Step sizes and chains; the defaults are the numbers of Table 3.

    >>> round(LangevinConfig(noise_scale=0.33).temperature, 4)
    0.1089
    """

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
    decay: Decay = "early"
    """Shape of the decay."""
    noise_scale: float = 1.0
    """Factor on the noise. Where steps are small for the energy, the chain samples at temperature
    noise_scale^2: the published code uses 0.33, which is temperature 0.109, so uncertainties found with it
    are no nats at temperature 1."""
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
        if self.power <= 0 or self.decay not in get_args(Decay):
            raise InputError(
                f"power is {self.power}, decay {self.decay!r}; valid are a power above 0 and "
                f"{', '.join(get_args(Decay))}"
            )

    @property
    def temperature(self) -> float:
        """Temperature that the chains sample at."""
        return self.noise_scale**2

    def step(self, iteration: int) -> float:
        """Step size at an iteration from 0."""
        done = iteration / max(1, self.iterations - 1)
        left = (1.0 - done) ** self.power if self.decay == "early" else 1.0 - done**self.power
        return self.last_step + (self.first_step - self.last_step) * float(left)


PUBLISHED = LangevinConfig(noise_scale=0.33, largest_move=0.05)
"""Table 3. What it leaves out, the noise scale and the bound on moves (0.1 of half the box), is as released;
half a step multiplies the slope, as in Florence et al."""

PUBLISHED_CODE = replace(PUBLISHED, iterations=50, first_step=0.2, last_step=2e-5, decay="late")
"""What the released code runs: half the iterations of Table 3; the whole step multiplies the slope and its
double the noise's variance, so the table's 0.1 and 1e-5 are 0.2 and 2e-5 here; and steps stay large for
longer."""


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
    left alone. Biased where the energy is sharper than the steps or cut off by the box: `mala` corrects
    each step, `annealed_smc` finds several modes too. Raises InputError for shapes that do not fit and for an
    energy that is not finite, naming the state.
    """
    config = config or LangevinConfig()
    check_states(states, low, high)
    actions = first_actions(start, states, config.samples, low, high, generator)
    bound = config.largest_move * (high - low)  # (A,)
    clipped = 0.0
    for iteration in range(config.iterations):
        step = config.step(iteration)
        _, slope = checked_slopes(energy, states, actions)
        noise = torch.randn(actions.shape, generator=generator, device=generator.device)
        move = -0.5 * step * slope + config.noise_scale * step**0.5 * noise
        clipped += float((move.abs() > bound).float().mean())
        actions = clip(actions + clip(move, -bound, bound), low, high)
    with torch.no_grad():
        energies = checked_energies(energy(states, actions), actions)
    return actions, LangevinDiagnostics(energies, clipped / config.iterations)
