"""Spectral normalisation that a sampler never pays for: power iteration once per update, none in between."""

import torch
from torch import Tensor, nn

_FIRST_ITERATIONS = 30  # On first weights; afterwards one per update follows them.


class SpectralScale(nn.Module):
    """Largest singular value of a matrix, (out, in), kept track of by power iteration.

    The two singular vectors are buffers, so that saved weights are divided by the same number when they come
    back.
    """

    left: Tensor
    right: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        rows, columns = weight.shape
        self.register_buffer("left", nn.functional.normalize(torch.randn(rows), dim=0))
        self.register_buffer("right", nn.functional.normalize(torch.randn(columns), dim=0))
        for _ in range(_FIRST_ITERATIONS):
            self.follow(weight)

    @torch.no_grad()
    def follow(self, weight: Tensor) -> None:
        """One power iteration. Buffers are replaced, not written to: a graph may hold the old ones."""
        self.right = nn.functional.normalize((weight * self.left[:, None]).sum(0), dim=0)
        self.left = nn.functional.normalize((weight * self.right).sum(1), dim=0)

    def forward(self, weight: Tensor) -> Tensor:
        """The singular value, a scalar that weights get gradients through; in float32 under autocast too."""
        value: Tensor = (weight * torch.outer(self.left, self.right)).sum()
        return value


class NormalisedLinear(nn.Linear):
    """A linear layer whose matrix is divided by its largest singular value; its bias is left as it is."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.scale = SpectralScale(self.weight.detach())

    @property
    def matrix(self) -> Tensor:
        """What the layer multiplies by, (out, in)."""
        scaled: Tensor = self.weight / self.scale(self.weight)
        return scaled

    def follow(self) -> None:
        """One power iteration."""
        self.scale.follow(self.weight)

    def forward(self, values: Tensor) -> Tensor:
        """(..., in) to (..., out)."""
        return nn.functional.linear(values, self.matrix, self.bias)
