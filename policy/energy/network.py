"""Energy networks: an encoder and a late-fused head, E(s, a), where low energy is a good action."""

from collections.abc import Callable

from torch import Tensor, nn

from policy.energy.config import NetworkConfig
from policy.energy.encoder import make_encoder

Energy = Callable[[Tensor, Tensor], Tensor]
"""energy(states, actions): (B, S...), (B, K, A) to (B, K); pi(a|s) is proportional to exp(-E(s, a)), Eq. 4.

Any callable will do. For an `EnergyNetwork` that is called often in one state, pass its `head` and the
features from `encode` in place of the states.
"""


class EnergyHead(nn.Module):
    """Features and actions to energies.

    The first layer is a sum of a part that sees features alone and one that sees actions alone, so the
    first part is computed once for all K actions of a state.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.from_features = nn.Linear(config.encoded_size, config.width)
        self.from_actions = nn.Linear(config.action_size, config.width, bias=False)
        layers: list[nn.Module] = [nn.ReLU(inplace=True)]
        for _ in range(config.head_depth - 1):
            layers += [nn.Linear(config.width, config.width), nn.ReLU(inplace=True)]
        self.rest = nn.Sequential(*layers, nn.Linear(config.width, 1))

    def forward(self, features: Tensor, actions: Tensor) -> Tensor:
        """(B, F), (B, K, A) to energies, (B, K)."""
        fused = self.from_features(features)[:, None] + self.from_actions(actions)  # (B, K, width)
        energies: Tensor = self.rest(fused).squeeze(-1)
        return energies


class EnergyNetwork(nn.Module):
    """E(s, a) as encoder and head; itself an `Energy`."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = make_encoder(config)
        self.head = EnergyHead(config)

    def encode(self, observations: Tensor) -> Tensor:
        """Observations, (B, H, W, 3) uint8 or (B, S), to features, (B, F): once per decision."""
        features: Tensor = self.encoder(observations)
        return features

    def forward(self, states: Tensor, actions: Tensor) -> Tensor:
        """Observations and actions, (B, K, A), to energies, (B, K)."""
        energies: Tensor = self.head(self.encode(states), actions)
        return energies
