"""A learned safety critic: how likely the policy comes to its goal, or to grief, after an action.

Q(s, a) is the discounted probability of the outcome when the policy goes on from there, as in ThriftyDAgger
(Hoque et al., 2021) and Fleet-ThriftyDAgger (Hoque et al., 2022), learned from the fleet's own transitions by
Q(s, a) = outcome + discount · Q'(s', π(s')), where Q' is a slow copy of Q. It lies in (0, 1) by construction
and is fitted by cross-entropy, whose minimum is the expected target. Risk is 1 − Q of success, or Q of a
violation.
"""

from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from policy.allocation.transitions import Transitions
from policy.energy.config import NetworkConfig
from policy.energy.encoder import make_encoder
from policy.errors import InputError

Outcome = Literal["success", "violation"]
_CHUNK = 4096
"""States judged at once."""


@dataclass(frozen=True)
class CriticConfig:
    """A safety critic's network and training."""

    observation_shape: tuple[int, ...]
    """(H, W, 3) for images, (S,) for states; states are standardised by the first transitions."""
    action_size: int
    """A."""
    outcome: Outcome = "success"
    """What Q is the probability of."""
    discount: float = 0.999
    """Weight of what comes a step later, above 0 and at most 1: a success that is certain, but 50 steps away,
    has risk 0.05."""
    width: int = 128
    depth: int = 2
    updates: int = 500
    """Gradient steps of one `fit`."""
    batch_size: int = 256
    learning_rate: float = 1e-3
    """Of Adam at the first update."""
    target_rate: float = 0.02
    """Share of the way that the slow copy follows in each update."""

    def __post_init__(self) -> None:
        if self.outcome not in get_args(Outcome):
            raise InputError(f"outcome is {self.outcome!r}; valid are {', '.join(get_args(Outcome))}")
        for name in ("width", "depth", "updates", "batch_size"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; valid is at least 1")
        for name in ("discount", "target_rate"):
            if not 0 < getattr(self, name) <= 1:
                raise InputError(f"{name} is {getattr(self, name)}; valid is above 0 and at most 1")
        if not self.learning_rate > 0:
            raise InputError(f"learning_rate is {self.learning_rate}; valid is above 0")


class SafetyCritic(nn.Module):
    """Q(s, a) and the risk that follows from it; before the first `fit` there is none."""

    fitted: Tensor

    def __init__(self, config: CriticConfig, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        states = len(config.observation_shape) == 1
        network = NetworkConfig(config.observation_shape, config.action_size, normalise=states)
        with torch.random.fork_rng(devices=[]):  # layers draw their weights from the global state
            torch.manual_seed(seed)
            self.encoder = make_encoder(network)
            sizes = [network.encoded_size + config.action_size, *[config.width] * config.depth]
            layers: list[nn.Module] = []
            for inputs, outputs in pairwise(sizes):
                layers += [nn.Linear(inputs, outputs), nn.ReLU()]
            self.head = nn.Sequential(*layers, nn.Linear(config.width, 1))
        self.register_buffer("fitted", torch.zeros((), dtype=torch.bool))

    def forward(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Logit of Q, (B,), of observations (B, *observation_shape) and actions (B, A)."""
        joined = torch.cat([self.encoder(observations), actions], dim=1)
        logits: Tensor = self.head(joined).squeeze(1)
        return logits

    @torch.no_grad()
    def risk(self, observations: NDArray[Any], actions: NDArray[np.float32]) -> NDArray[np.float64]:
        """(N,), from 0 to 1, of what the policy is about to do; zeros before the first `fit`.

        Raises InputError for observations or actions of another shape.
        """
        states, moves = self._tensors(observations, actions)
        if not self.fitted:
            return np.zeros(len(moves))
        found = np.empty(len(moves))
        for begin in range(0, len(moves), _CHUNK):
            chunk = slice(begin, begin + _CHUNK)
            found[chunk] = torch.sigmoid(self(states[chunk], moves[chunk])).double().cpu().numpy()
        return 1.0 - found if self.config.outcome == "success" else found

    def fit(self, transitions: Transitions, generator: torch.Generator) -> list[float]:
        """Learn from transitions, in place; returns the loss of every update.

        The learning rate falls to zero, so that what is left does not depend on the last batches. generator:
        on the CPU, decides the batches. Raises InputError where there are no transitions or they do not fit,
        and where the loss is no longer finite.
        """
        if not len(transitions):
            raise InputError("transitions are empty; a critic needs at least one")
        states, moves = self._tensors(transitions.observations, transitions.actions)
        later, reply = self._tensors(transitions.next_observations, transitions.next_actions)
        outcome = self._floats(getattr(transitions, self.config.outcome))
        goes_on = self._floats(~transitions.ends)
        self.encoder.fit(states)
        slow = deepcopy(self).requires_grad_(False)
        optimiser = torch.optim.Adam(self.parameters(), lr=self.config.learning_rate)
        updates = self.config.updates
        decay = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda done: 1 - done / updates)
        losses = []
        for _ in range(updates):
            rows = torch.randint(len(transitions), (self.config.batch_size,), generator=generator)
            rows = rows.to(states.device)
            with torch.no_grad():
                follows = torch.sigmoid(slow(later[rows], reply[rows]))
                target = outcome[rows] + (1 - outcome[rows]) * goes_on[rows] * self.config.discount * follows
            loss = nn.functional.binary_cross_entropy_with_logits(self(states[rows], moves[rows]), target)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            decay.step()
            for old, new in zip(slow.parameters(), self.parameters(), strict=True):
                old.lerp_(new.detach(), self.config.target_rate)
            losses.append(float(loss.detach()))
        if not np.isfinite(losses[-1]):
            raise InputError(f"the critic's loss is {losses[-1]}; lower learning_rate")
        self.fitted.fill_(True)
        return losses

    def _tensors(self, observations: NDArray[Any], actions: NDArray[np.float32]) -> tuple[Tensor, Tensor]:
        shape, size = self.config.observation_shape, self.config.action_size
        if observations.shape[1:] != shape or actions.shape != (len(observations), size):
            raise InputError(
                f"observations {observations.shape} and actions {actions.shape} are not valid; "
                f"valid is n times {shape} and (n, {size})"
            )
        device = self.fitted.device
        return torch.tensor(observations, device=device), self._floats(actions)

    def _floats(self, values: NDArray[Any]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self.fitted.device)
