"""The head of an energy network: features and actions to energies, fused late."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from policy.energy.config import NetworkConfig
from policy.energy.spectral import NormalisedLinear, SpectralScale


@dataclass(frozen=True)
class HeadWeights:
    """What a head multiplies by, spectral norms divided out: all that an evaluator needs to know of it."""

    features: Tensor
    """(W, F), of the first layer."""
    actions: Tensor
    """(W, A), of the first layer."""
    bias: Tensor
    """(W,), of the first layer."""
    hidden: tuple[tuple[Tensor, Tensor], ...]
    """Matrix, (W, W), and bias, (W,), of each further hidden layer, in order."""
    last: tuple[Tensor, Tensor]
    """(1, W) and (1,)."""
    residual: bool
    """Whether hidden layers come in pairs with a way round each pair."""


class ResidualBlock(nn.Module):
    """x + second(relu(first(relu(x)))): both layers act, and x goes round both."""

    def __init__(self, first: nn.Linear, second: nn.Linear) -> None:
        super().__init__()
        self.first = first
        self.second = second

    def forward(self, values: Tensor) -> Tensor:
        """(..., W) to (..., W)."""
        moved: Tensor = self.second(torch.relu(self.first(torch.relu(values))))
        return values + moved


class EnergyHead(nn.Module):
    """Features and actions to energies.

    The first layer is a sum of a part that sees features alone and one that sees actions alone, so the
    first part is computed once for all K actions of a state. With spectral norm the two parts are one matrix,
    [features | actions], and share its norm. The last layer goes without in any case: its size is the inverse
    temperature of the energy. With every layer at most 1, no density could be sharper than exp(-|a|), however
    exact the supervisors are.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.residual = config.architecture == "residual"
        self.from_features = nn.Linear(config.encoded_size, config.width)
        self.from_actions = nn.Linear(config.action_size, config.width, bias=False)

        def linear() -> nn.Linear:
            return (NormalisedLinear if config.spectral_norm else nn.Linear)(config.width, config.width)

        layers: list[nn.Module] = []
        if self.residual:
            layers += [ResidualBlock(linear(), linear()) for _ in range(config.head_depth // 2)]
            layers += [nn.ReLU(inplace=True)]
        else:
            layers += [nn.ReLU(inplace=True)]
            for _ in range(config.head_depth - 1):
                layers += [linear(), nn.ReLU(inplace=True)]
        self.rest = nn.Sequential(*layers, nn.Linear(config.width, 1))
        self.scale = SpectralScale(self._fused().detach()) if config.spectral_norm else None

    def forward(self, features: Tensor, actions: Tensor) -> Tensor:
        """(B, F), (B, K, A) to energies, (B, K)."""
        if self.scale is None:
            fused = self.from_features(features)[:, None] + self.from_actions(actions)  # (B, K, W)
        else:
            scale, linear = self.scale(self._fused()), nn.functional.linear
            one = linear(features, self.from_features.weight / scale, self.from_features.bias)
            fused = one[:, None] + linear(actions, self.from_actions.weight / scale)
        energies: Tensor = self.rest(fused).squeeze(-1)
        return energies

    def follow(self) -> None:
        """One power iteration of every spectral norm; `EnergyNetwork.encode` calls it while training."""
        if self.scale is not None:
            self.scale.follow(self._fused())
        for layer in self.modules():
            if isinstance(layer, NormalisedLinear):
                layer.follow()

    def weights(self) -> HeadWeights:
        """Of this moment; gradients go through them to the parameters."""
        scale = 1.0 if self.scale is None else self.scale(self._fused())
        linears = [layer for layer in self.rest.modules() if isinstance(layer, nn.Linear)]
        hidden = [
            (layer.matrix if isinstance(layer, NormalisedLinear) else layer.weight, layer.bias)
            for layer in linears
        ]
        return HeadWeights(
            features=self.from_features.weight / scale,
            actions=self.from_actions.weight / scale,
            bias=self.from_features.bias,
            hidden=tuple(hidden[:-1]),
            last=hidden[-1],
            residual=self.residual,
        )

    def _fused(self) -> Tensor:
        return torch.cat([self.from_features.weight, self.from_actions.weight], dim=1)  # (W, F + A)
