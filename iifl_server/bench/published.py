"""The published way of deciding for a fleet, as one would write it first: modules, autograd, run after run.

This is what the project's speed is measured against, so it is kept plain on purpose. It is not slowed down
either: gradients of weights are not computed, all robots and chains go through the network at once, and
networks are in eval mode, so no power iteration runs.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from policy.energy import EnergyHead, EnergyNetwork
from policy.energy.spectral import NormalisedLinear, SpectralScale
from policy.sampling import PUBLISHED_CODE, LangevinConfig


class PlainEnergy(nn.Module):
    """E(s, a) on both joined into one vector, layer after layer; weights of an `EnergyNetwork` on states."""

    def __init__(self, network: EnergyNetwork) -> None:
        super().__init__()
        head = network.head
        assert isinstance(head, EnergyHead)
        self.encoder = network.encoder
        self.prior = head.prior
        first = torch.cat([head.from_features.weight, head.from_actions.weight], dim=1)
        layers: list[nn.Module] = [_linear(first, head.from_features.bias, head.scale), nn.ReLU()]
        for layer in head.rest:
            if isinstance(layer, nn.Linear):
                scale = layer.scale if isinstance(layer, NormalisedLinear) else None
                layers += [_linear(layer.weight, layer.bias, scale), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])
        self.eval()

    def forward(self, states: Tensor, actions: Tensor) -> Tensor:
        """(B, S), (B, K, A) to (B, K)."""
        repeated = self.encoder(states)[:, None].expand(-1, actions.shape[1], -1)
        energies: Tensor = self.layers(torch.cat([repeated, actions], dim=-1)).squeeze(-1)
        return energies if self.prior is None else energies + self.prior(self.encoder(states), actions)


def _linear(weight: Tensor, bias: Tensor, scale: SpectralScale | None) -> nn.Module:
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.data.copy_(weight.detach())
    layer.bias.data.copy_(bias.detach())
    if scale is None:
        return layer
    normalised: nn.Module = spectral_norm(layer)
    for name, vector in (("_u", scale.left), ("_v", scale.right)):
        normalised.get_buffer(f"parametrizations.weight.0.{name}").copy_(vector)
    return normalised


def plain_langevin(
    energy: PlainEnergy, states: Tensor, size: int, generator: torch.Generator, config: LangevinConfig
) -> Tensor:
    """Chains in [-1, 1]^size from uniform starts, (B, K, A)."""
    device = generator.device
    actions = torch.rand((len(states), config.samples, size), generator=generator, device=device) * 2.0 - 1.0
    for iteration in range(config.iterations):
        step = config.step(iteration)
        actions = actions.detach().requires_grad_(True)
        (slope,) = torch.autograd.grad(energy(states, actions).sum(), actions)
        noise = torch.randn(actions.shape, generator=generator, device=device)
        move = -0.5 * step * slope + config.noise_scale * step**0.5 * noise
        move = move.clamp(-2.0 * config.largest_move, 2.0 * config.largest_move)
        actions = (actions.detach() + move).clamp(-1.0, 1.0)
    return actions


@dataclass(frozen=True)
class PlainDecision:
    """What one timestep of a fleet comes to."""

    actions: Tensor
    """(N, A)."""
    uncertainty: Tensor
    """(N,)."""


def plain_timestep(
    members: tuple[PlainEnergy, PlainEnergy],
    states: Tensor,
    size: int,
    generator: torch.Generator,
    config: LangevinConfig = PUBLISHED_CODE,
) -> PlainDecision:
    """Three sampling runs: member 0's chains for the action, then each member's own for Identity 1."""
    chains = plain_langevin(members[0], states, size, generator, config)
    with torch.no_grad():
        best = members[0](states, chains).argmin(dim=1)
    actions = chains[torch.arange(len(best)), best]
    gaps = []
    for own in members:
        chains = plain_langevin(own, states, size, generator, config)
        with torch.no_grad():
            gaps.append((members[1](states, chains) - members[0](states, chains)).mean(dim=1))
    return PlainDecision(actions, gaps[0] - gaps[1])
