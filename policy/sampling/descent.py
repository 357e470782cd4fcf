"""From good actions to the best one nearby: gradient steps without noise, whose length falls to nothing."""

from dataclasses import dataclass

import torch
from torch import Tensor

from policy.energy.gradients import value_and_gradient
from policy.energy.network import Energy
from policy.errors import InputError
from policy.sampling.derivative_free import Minimum


@dataclass(frozen=True)
class DescentConfig:
    """Work for one decision: starts x (iterations + 1) energies, with slopes."""

    starts: int = 2
    """Actions of lowest energy that the descent begins at."""
    iterations: int = 12
    """Steps from each of them."""
    first_step: float = 0.2
    """Length of the first step along its steepest component, as a fraction of the box's width."""
    power: float = 1.0
    """Of the polynomial by which steps fall to nothing."""

    def __post_init__(self) -> None:
        if self.starts < 1 or self.iterations < 0:
            raise InputError(
                f"starts {self.starts} must be at least 1, iterations {self.iterations} at least 0"
            )
        if not (0 < self.first_step <= 1 and self.power > 0):
            raise InputError(
                f"first_step {self.first_step} must be above 0 up to 1, power {self.power} above 0"
            )


@torch.no_grad()
def descend(
    energy: Energy,
    states: Tensor,
    low: Tensor,
    high: Tensor,
    candidates: tuple[Tensor, Tensor],
    config: DescentConfig | None = None,
) -> Minimum:
    """The lowest energy met on steps from the best candidates: actions, (B, K, A), and energies, (B, K).

    Steps have the direction of the slope and a length of their own, so that flat and sharp energies are
    crossed alike. The best action met counts, so the answer is never worse than the best candidate.
    low, high: (A,).
    """
    config = config or DescentConfig()
    pool, energies = candidates
    lowest, index = energies.topk(min(config.starts, energies.shape[1]), dim=1, largest=False)
    actions = pool.gather(1, index[..., None].expand(-1, -1, pool.shape[2]))  # (B, k, A)
    best, best_energy = actions[:, 0], lowest[:, 0]
    width = high - low  # (A,)
    for iteration in range(config.iterations + 1):
        values, slope = value_and_gradient(energy, states, actions)
        value, place = values.min(dim=1)
        better = value < best_energy
        found = actions[torch.arange(len(actions), device=actions.device), place]
        best = torch.where(better[:, None], found, best)
        best_energy = torch.where(better, value, best_energy)
        if iteration < config.iterations:
            step = config.first_step * (1.0 - iteration / config.iterations) ** config.power
            steepest = slope.abs().amax(dim=-1, keepdim=True).clamp_min(1e-30)
            actions = torch.clamp(actions - step * width * (slope / steepest), low, high)
    return Minimum(best, best_energy)
