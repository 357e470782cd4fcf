"""Energy networks: an encoder and a late-fused head, E(s, a), where low energy is a good action."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from policy.energy.autoregressive import AutoregressiveHead
from policy.energy.config import NetworkConfig
from policy.energy.encoder import make_encoder
from policy.energy.head import EnergyHead

Energy = Callable[[Tensor, Tensor], Tensor]
"""energy(states, actions): (B, S...), (B, K, A) to (B, K); pi(a|s) is proportional to exp(-E(s, a)), Eq. 4.

Any callable will do. For an `EnergyNetwork` that is called often in one state, pass its `head` and the
features from `encode` in place of the states.
"""


Head = EnergyHead | AutoregressiveHead


def make_head(config: NetworkConfig) -> Head:
    """The head that a configuration asks for."""
    return AutoregressiveHead(config) if config.architecture == "autoregressive" else EnergyHead(config)


class EnergyNetwork(nn.Module):
    """E(s, a) as encoder and head; itself an `Energy`."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = make_encoder(config)
        self.head = make_head(config)

    def encode(self, observations: Tensor) -> Tensor:
        """Observations, (B, H, W, 3) uint8 or (B, S), to features, (B, F): once per decision or update.

        While training with gradients, spectral norms follow their weights by one power iteration here;
        however often the head is then called, they stand still. In eval mode they never move.
        """
        if self.training and torch.is_grad_enabled():
            self.head.follow()
        features: Tensor = self.encoder(observations)
        return features

    def fit_normalisation(self, observations: Tensor) -> bool:
        """Take mean and deviation of observations, (n, S), if the network normalises and never took any.

        Returns whether it did. Raises InputError for observations that do not fit.
        """
        return self.encoder.fit(observations)

    def forward(self, states: Tensor, actions: Tensor) -> Tensor:
        """Observations and actions, (B, K, A), to energies, (B, K)."""
        energies: Tensor = self.head(self.encode(states), actions)
        return energies
