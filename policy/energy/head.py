"""The head of an energy network: features and actions to energies, fused late."""

from dataclasses import dataclass, replace

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
        self.prior = _prior(config) if config.prior_width else None

    def forward(self, features: Tensor, actions: Tensor) -> Tensor:
        """(B, F), (B, K, A) to energies, (B, K)."""
        if self.scale is None:
            fused = self.from_features(features)[:, None] + self.from_actions(actions)  # (B, K, W)
        else:
            scale, linear = self.scale(self._fused()), nn.functional.linear
            one = linear(features, self.from_features.weight / scale, self.from_features.bias)
            fused = one[:, None] + linear(actions, self.from_actions.weight / scale)
        energies: Tensor = self.rest(fused).squeeze(-1)
        return energies if self.prior is None else energies + self.prior(features, actions)

    def follow(self) -> None:
        """One power iteration of every spectral norm; `EnergyNetwork.encode` calls it while training."""
        if self.scale is not None:
            self.scale.follow(self._fused())
        for layer in self.rest.modules():
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
        own = HeadWeights(
            features=self.from_features.weight / scale,
            actions=self.from_actions.weight / scale,
            bias=self.from_features.bias,
            hidden=tuple(hidden[:-1]),
            last=hidden[-1],
            residual=self.residual,
        )
        return own if self.prior is None else _beside(own, self.prior.weights())

    def _fused(self) -> Tensor:
        return torch.cat([self.from_features.weight, self.from_actions.weight], dim=1)  # (W, F + A)


def _prior(config: NetworkConfig) -> EnergyHead:
    """A head with random weights that stand still; its energies of a state spread as configured."""
    prior = EnergyHead(replace(config, width=config.prior_width, prior_width=0))
    states = torch.randn(256, config.encoded_size)
    actions = torch.rand(256, 64, config.action_size) * 2.0 - 1.0
    with torch.no_grad():
        spread = prior(states, actions).var(dim=1).mean().sqrt()
        last = prior.rest[-1]
        assert isinstance(last, nn.Linear)
        last.weight *= config.prior_scale / spread.clamp_min(1e-9)
        last.bias.zero_()
    for parameter in prior.parameters():
        parameter.requires_grad_(False)
    return prior


def _beside(one: HeadWeights, other: HeadWeights) -> HeadWeights:
    """Of the sum of two heads of equal depth: layers side by side, without a connection between them."""
    return HeadWeights(
        features=torch.cat([one.features, other.features]),
        actions=torch.cat([one.actions, other.actions]),
        bias=torch.cat([one.bias, other.bias]),
        hidden=tuple(
            (_apart(first[0], second[0]), torch.cat([first[1], second[1]]))
            for first, second in zip(one.hidden, other.hidden, strict=True)
        ),
        last=(torch.cat([one.last[0], other.last[0]], dim=1), one.last[1] + other.last[1]),
        residual=one.residual,
    )


def _apart(one: Tensor, other: Tensor) -> Tensor:
    """Two matrices as the blocks of one that is zero elsewhere."""
    whole: Tensor = torch.block_diag(one, other)  # type: ignore[no-untyped-call]
    return whole
