"""Slopes of an energy in its actions: by its own formula where it has one, else by autograd."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from policy.energy.network import Energy


@runtime_checkable
class DifferentiableEnergy(Protocol):
    """An energy that knows its own slope, which is faster than asking autograd for it."""

    def __call__(self, states: Tensor, actions: Tensor, /) -> Tensor: ...

    def value_and_gradient(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Energies, (B, K), and dE/da, (B, K, A); neither carries a gradient of its own."""
        ...


def value_and_gradient(energy: Energy, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
    """Energies, (B, K), and dE/da, (B, K, A), at actions, (B, K, A); detached from every graph."""
    if isinstance(energy, DifferentiableEnergy):
        return energy.value_and_gradient(states, actions)
    with torch.enable_grad():
        points = actions.detach().requires_grad_(True)
        energies = energy(states, points)
        (slope,) = torch.autograd.grad(energies.sum(), points)
    return energies.detach(), slope
