"""From observations to features: once per decision, whatever number of actions is then weighed."""

import torch
from torch import Tensor, nn

from policy.energy.config import NetworkConfig

_SHARPNESS = 4.0  # Factor on the maps, so that fresh ones already prefer some places to others.
_REACH = 3.0  # Factor on coordinates, which would else be small beside other features.


class KeypointEncoder(nn.Module):
    """Where things are: (B, H, W, 3) uint8 RGB to (B, F).

    Two convolutions make one map per keypoint, a softmax over the map's pixels weighs their coordinates
    (spatial softmax, Levine et al., 2016), and a linear layer mixes the coordinates. What moves in a few
    hundred images is then a handful of numbers, so little data and few updates go a long way.
    """

    grid: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        height, width, colours = config.observation_shape
        self.maps = nn.Sequential(
            nn.Conv2d(colours, config.channels[0], 5, stride=2, padding=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(config.channels[0], config.keypoints, 3, padding=1),
        ).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        rows, columns = torch.linspace(-1, 1, height // 2), torch.linspace(-1, 1, width // 2)
        grid = torch.cartesian_prod(rows, columns).flip(-1)  # (H/2 * W/2, 2), x then y of each pixel
        self.register_buffer("grid", grid, persistent=False)
        self.readout = nn.Linear(2 * config.keypoints, config.features)

    def places(self, observations: Tensor) -> Tensor:
        """(B, H, W, 3) uint8 to x and y of every keypoint, (B, keypoints, 2), from -1 to 1, y down."""
        maps = self.maps(_centred(observations)).flatten(2).float()  # (B, keypoints, H/2 * W/2)
        return torch.softmax(_SHARPNESS * maps, dim=-1) @ self.grid

    def forward(self, observations: Tensor) -> Tensor:
        """(B, H, W, 3) uint8 to (B, F)."""
        return torch.relu(self.readout(_REACH * self.places(observations).flatten(1)))


class ConvolutionEncoder(nn.Module):
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
        return torch.relu(self.readout(self.convolutions(_centred(observations)).flatten(1)))


class StateEncoder(nn.Module):
    """States are their own features: (B, S) to (B, S) float32."""

    def forward(self, observations: Tensor) -> Tensor:
        """(B, S) to (B, S) float32."""
        return observations.float()


def make_encoder(config: NetworkConfig) -> nn.Module:
    """The encoder that a configuration asks for."""
    if not config.from_images:
        return StateEncoder()
    return KeypointEncoder(config) if config.encoder == "keypoints" else ConvolutionEncoder(config)


def _centred(observations: Tensor) -> Tensor:
    """uint8 images, (B, H, W, 3), as float32 in [-1, 1], (B, 3, H, W); channels stay last in memory."""
    return observations.permute(0, 3, 1, 2).float().mul_(1 / 127.5).sub_(1.0)
