"""What training and evaluation ask of a policy, whatever its kind."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from policy.decision import Decision
from policy.energy.config import PolicyConfig


class Policy(Protocol):
    """A module with members that are trained side by side.

    A new kind needs no more than this to be trained and saved. Its members learn by their own `loss`
    (`OwnLoss`) where they have one, and evaluation knows more of it where it has a `Density`.
    """

    kind: str
    """Stored in checkpoints."""
    config: PolicyConfig
    members: nn.ModuleList

    @property
    def estimator(self) -> str:
        """Name of how uncertainty is estimated."""
        ...

    def decide(
        self, observations: object, generator: torch.Generator | int, *, uncertainty: bool = True
    ) -> Decision:
        """Actions and, where they are asked for, uncertainties for N observations."""
        ...

    def train(self, mode: bool = True) -> object:
        """Of `nn.Module`, as are those below."""
        ...

    def eval(self) -> object: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> object: ...


@runtime_checkable
class OwnLoss(Protocol):
    """A member of a policy that knows what is to be made small when it learns."""

    def loss(self, observations: Tensor, actions: Tensor, generator: torch.Generator) -> Tensor:
        """Mean loss of a batch: observations, (B, ...), and actions, (B, A), to a scalar with gradients.

        generator: for every draw that the loss needs.
        """
        ...


@runtime_checkable
class Density(Protocol):
    """A policy that can tell how likely actions are, and draw some."""

    def log_likelihood(self, observations: object, actions: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log density of actions, (N, A), given N observations: (N,) [nats]."""
        ...

    def sample(
        self, observations: object, count: int, generator: torch.Generator | int
    ) -> NDArray[np.float32]:
        """Independent actions, (N, count, A), in [-1, 1]."""
        ...
