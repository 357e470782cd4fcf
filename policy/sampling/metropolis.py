"""One Metropolis-adjusted Langevin step for many chains at once, each state with its own energy and step."""

from dataclasses import dataclass

import torch
from torch import Tensor

from policy.energy.network import Energy
from policy.sampling.box import clip
from policy.sampling.checks import checked_slopes

OPTIMAL = 0.574
"""The acceptance rate at which such chains move fastest in many dimensions (Roberts and Rosenthal, 1998)."""


@dataclass(frozen=True)
class Chains:
    """Where chains are, with what their next step needs."""

    actions: Tensor
    """(B, K, A)."""
    energies: Tensor
    """(B, K)."""
    slopes: Tensor
    """(B, K, A)."""

    @classmethod
    def at(cls, energy: Energy, states: Tensor, actions: Tensor) -> "Chains":
        """Chains at actions, (B, K, A)."""
        return cls(actions, *checked_slopes(energy, states, actions))

    def take(self, index: Tensor) -> "Chains":
        """Chains in the order of index, (B, K)."""
        rows = index[..., None].expand_as(self.actions)
        return Chains(
            self.actions.gather(1, rows), self.energies.gather(1, index), self.slopes.gather(1, rows)
        )


def metropolis_step(
    energy: Energy,
    states: Tensor,
    chains: Chains,
    inverse_temperature: Tensor,
    scale: Tensor,
    box: tuple[Tensor, Tensor],
    generator: torch.Generator,
) -> tuple[Chains, Tensor]:
    """The chains one step on, and how probable each acceptance was, (B, K).

    inverse_temperature: (B,); exp(-inverse_temperature * E) on the box is left invariant. scale: standard
    deviation of the noise, (B,), as a fraction of the box's width. A proposal outside the box is refused,
    since the density is zero there; energies are only asked for inside.
    """
    low, high = box
    cold = inverse_temperature[:, None, None]
    deviation = scale[:, None, None] * (high - low)  # (B, 1, A)
    drift = _drift(deviation, cold * chains.slopes)
    noise = torch.randn(chains.actions.shape, generator=generator, device=generator.device)
    proposed = chains.actions + drift + deviation * noise
    inside = ((proposed >= low) & (proposed <= high)).all(dim=-1)  # (B, K)
    new = Chains.at(energy, states, clip(proposed, low, high))
    drift_back = _drift(deviation, cold * new.slopes)
    noise_back = (chains.actions - new.actions - drift_back) / deviation
    log_ratio = -cold[:, :, 0] * (new.energies - chains.energies)
    log_ratio = log_ratio - 0.5 * (noise_back.square() - noise.square()).sum(dim=-1)
    probability = torch.where(inside, log_ratio.clamp_max(0.0).exp(), torch.zeros_like(log_ratio))
    draw = torch.rand(probability.shape, generator=generator, device=generator.device)
    accepted = draw < probability
    moved = Chains(
        torch.where(accepted[..., None], new.actions, chains.actions),
        torch.where(accepted, new.energies, chains.energies),
        torch.where(accepted[..., None], new.slopes, chains.slopes),
    )
    return moved, probability


def _drift(deviation: Tensor, slopes: Tensor) -> Tensor:
    """Down the slope, by at most two deviations of the noise in each component.

    Without a bound, a chain far up a steep slope would overshoot for ever, always refused, while the others
    adapt the step to where they are. Any function of the place alone leaves the correction exact.
    """
    return clip(-0.5 * deviation.square() * slopes, -2.0 * deviation, 2.0 * deviation)


def adapted(scale: Tensor, probability: Tensor, gain: float = 1.0) -> Tensor:
    """Scales, (B,), nearer to those at which chains are accepted at the best rate; at most the box's
    width."""
    return (scale * torch.exp(gain * (probability.mean(dim=1) - OPTIMAL))).clamp_max(1.0)
