"""An autoregressive energy: one network per action component, a density given the components before it."""

import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from policy.energy.config import NetworkConfig
from policy.energy.head import EnergyHead

_CELLS = 64  # Of the midpoint rule that normalises one component.
_ROWS = 65536  # Energies at once; bounds memory.


class AutoregressiveHead(nn.Module):
    """Heads E_j(s, a_1..a_j), j = 1..A (Florence et al., 2021, Appendix B.2), and the joint energy of all.

    The product of the conditional densities exp(-E_j) / Z_j is a density of whole actions in [-1, 1]^A, whose
    energy is the sum of E_j + log Z_j. Each Z_j is an integral over one component, found by the midpoint rule
    with 64 cells; so this energy comes normalised, and its own Z is 1 as far as the cells resolve it. It
    costs 65 energies for each component where another head costs one.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.components = nn.ModuleList(
            EnergyHead(replace(config, action_size=size)) for size in range(1, config.action_size + 1)
        )

    @property
    def conditionals(self) -> list[EnergyHead]:
        """E_j of features and the first j components of actions, for `sampling.autoregressive`."""
        return [component for component in self.components if isinstance(component, EnergyHead)]

    def follow(self) -> None:
        """One power iteration of every spectral norm."""
        for component in self.conditionals:
            component.follow()

    def forward(self, features: Tensor, actions: Tensor) -> Tensor:
        """Joint energies, normalised: (B, F), (B, K, A) to (B, K)."""
        chunk = max(1, _ROWS // (len(features) * _CELLS))
        return torch.cat([self._joint(features, part) for part in torch.split(actions, chunk, dim=1)], dim=1)

    def _joint(self, features: Tensor, actions: Tensor) -> Tensor:
        states, count, _ = actions.shape
        edges = torch.arange(_CELLS, device=actions.device, dtype=actions.dtype)
        cells = ((2.0 * edges + 1.0) / _CELLS - 1.0)[:, None]  # (G, 1), midpoints
        total = actions.new_zeros(states, count)
        for place, component in enumerate(self.conditionals):
            total = total + component(features, actions[..., : place + 1])
            before = actions[..., None, :place].expand(-1, -1, _CELLS, -1)  # (B, K, G, j - 1)
            grid = torch.cat([before, cells.expand(states, count, -1, -1)], dim=-1)
            if place == 0:
                grid = grid[:, :1]  # the same for all K actions
            energies = component(features, grid.flatten(1, 2)).view(states, -1, _CELLS)
            total = total + torch.logsumexp(-energies, dim=-1) + math.log(2.0 / _CELLS)
        return total
