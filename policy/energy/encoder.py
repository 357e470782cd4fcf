"""From observations to features: once per decision, whatever number of actions is then weighed."""

import torch
from torch import Tensor, nn

from policy.energy.config import NetworkConfig
from policy.errors import InputError

_CONSTANT = 1e-6
"""Below this share of its mean's size (or of 1), a component's deviation is rounding: it never changes."""
_FARTHEST = 10.0
"""Deviations from the mean; a state farther out is taken as this far, so that no energy runs away with it."""


class Encoder(nn.Module):
    """Observations to features; where it standardises them, `fit` says by what."""

    def fit(self, observations: Tensor) -> bool:
        """Take mean and deviation of observations where that is wanted and was never done; whether it did."""
        return False


class ImageEncoder(Encoder):
    """Three stride-2 convolutions and a linear layer: (B, H, W, 3) uint8 RGB to (B, F)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        height, width, colours = config.observation_shape
        first, second, third = config.channels
        self.convolutions = nn.Sequential(
            nn.Conv2d(colours, first, 5, stride=2, padding=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(first, second, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(second, third, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
        ).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.readout = nn.Linear(third * (height // 8) * (width // 8), config.features)

    def forward(self, observations: Tensor) -> Tensor:
        """(B, H, W, 3) uint8 to (B, F)."""
        images = observations.permute(0, 3, 1, 2)  # (B, 3, H, W), channels last in memory already
        centred = images.float().mul_(1 / 127.5).sub_(1.0)
        return torch.relu(self.readout(self.convolutions(centred).flatten(1)))


class StateEncoder(Encoder):
    """States are their own features, (B, S) to (B, S) float32, standardised where that is configured."""

    mean: Tensor
    deviation: Tensor
    fitted: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.size = config.encoded_size
        self.normalise = config.normalise
        if self.normalise:
            self.register_buffer("mean", torch.zeros(self.size))
            self.register_buffer("deviation", torch.ones(self.size))
            self.register_buffer("fitted", torch.zeros((), dtype=torch.bool))

    @torch.no_grad()
    def fit(self, observations: Tensor) -> bool:
        """Take mean and deviation of states, (n, S); a component that never changes is only centred.

        Does nothing, and returns False, where states are not standardised or were fitted before: retraining
        must not move what the weights have learnt to read. Raises InputError for states that do not fit.
        """
        if not self.normalise or bool(self.fitted):
            return False
        if observations.ndim != 2 or observations.shape[1] != self.size or not len(observations):
            shape = tuple(observations.shape)
            raise InputError(
                f"states to normalise by have shape {shape}; valid is (n, {self.size}), n at least 1"
            )
        exact = observations.double()
        if not torch.isfinite(exact).all():
            raise InputError("states to normalise by hold values that are not finite")
        mean, deviation = exact.mean(0), exact.std(0, correction=0)
        idle = deviation < _CONSTANT * mean.abs().clamp_min(1.0)
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(idle, 1.0, deviation))
        self.fitted.fill_(True)
        return True

    def forward(self, observations: Tensor) -> Tensor:
        """(B, S) to (B, S) float32."""
        states = observations.float()
        if not self.normalise:
            return states
        return ((states - self.mean) / self.deviation).clamp(-_FARTHEST, _FARTHEST)


def make_encoder(config: NetworkConfig) -> Encoder:
    """The encoder that a configuration asks for."""
    return ImageEncoder(config) if config.from_images else StateEncoder(config)
