"""From observations to features: once per decision, whatever number of actions is then weighed."""

import torch
from torch import Tensor, nn

from policy.energy.config import NetworkConfig


class ImageEncoder(nn.Module):
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


class StateEncoder(nn.Module):
    """States are their own features: (B, S) to (B, S) float32."""

    def forward(self, observations: Tensor) -> Tensor:
        """(B, S) to (B, S) float32."""
        return observations.float()


def make_encoder(config: NetworkConfig) -> nn.Module:
    """The encoder that a configuration asks for."""
    return ImageEncoder(config) if config.from_images else StateEncoder()
