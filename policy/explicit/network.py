"""An explicit network: one action for one observation, on the same encoder as the energies."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from policy.energy.config import NetworkConfig
from policy.energy.encoder import make_encoder


def hidden_layers(config: NetworkConfig) -> list[nn.Module]:
    """From features, (B, F), to the last hidden layer, (B, W): layers and ReLUs between them and after."""
    sizes = [config.encoded_size] + [config.width] * config.head_depth
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ReLU(inplace=True)]
    return layers


class ExplicitNetwork(nn.Module):
    """Observations to actions in (-1.1, 1.1)^A, so that bounds of actions can be reached."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = make_encoder(config)
        self.head = nn.Sequential(*hidden_layers(config), nn.Linear(config.width, config.action_size))

    def fit_normalisation(self, observations: Tensor) -> bool:
        """As `EnergyNetwork.fit_normalisation`."""
        return self.encoder.fit(observations)

    def forward(self, observations: Tensor) -> Tensor:
        """(B, H, W, 3) uint8 or (B, S) to actions, (B, A)."""
        return 1.1 * torch.tanh(self.head(self.encoder(observations)))
