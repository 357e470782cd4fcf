"""Mixture density policies: explicit, yet able to hold several answers to one observation."""

from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from policy.decision import Decision, as_generator, as_observations
from policy.energy.config import PolicyConfig
from policy.errors import InputError
from policy.explicit.mixture_network import Mixture, MixtureNetwork

Choice = Literal["likeliest", "sample"]
"""How an action is chosen: mode of the component with the largest weight, or a draw from the density."""

_DRAWS = 128  # From each member, for the uncertainty.


class MixturePolicy(nn.Module):
    """pi(a|s) is a mixture of Gaussians (Bishop, 1994), of which member 0 acts.

    components, floor: as of `MixtureNetwork`. With two members or more, uncertainty is the Jeffreys
    divergence of members 0 and 1, from draws of both: densities are known here, so nothing is approximated
    but the expectations. Raises InputError for values that are not valid.
    """

    kind = "mixture"

    def __init__(
        self,
        config: PolicyConfig | None = None,
        *,
        seed: int = 0,
        components: int = 8,
        floor: float = 0.01,
        choice: Choice = "likeliest",
    ) -> None:
        super().__init__()
        if choice not in get_args(Choice):
            raise InputError(f"choice is {choice!r}; valid are {', '.join(get_args(Choice))}")
        self.config = config or PolicyConfig(members=1, bootstrap=False)
        self.components = components
        self.floor = floor
        self.choice: Choice = choice
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.members = nn.ModuleList(
                MixtureNetwork(self.config.network, components, floor) for _ in range(self.config.members)
            )
        self.eval()

    @property
    def estimator(self) -> str:
        """Name of how uncertainty is estimated; a threshold is valid for one estimator only."""
        return "jeffreys-mixture" if len(self.members) > 1 else "none"

    def settings(self) -> dict[str, Any]:
        """What a checkpoint keeps beside the configuration: arguments of this class."""
        return {"components": self.components, "floor": self.floor, "choice": self.choice}

    @torch.inference_mode()
    def decide(
        self, observations: object, generator: torch.Generator | int = 0, *, uncertainty: bool = True
    ) -> Decision:
        """Actions and uncertainties [nats] for N observations; generator, or a seed, decides every draw.

        Raises InputError for observations that do not fit.
        """
        draws = as_generator(generator)
        mixture = self._mixture(observations, 0)
        actions = mixture.likeliest() if self.choice == "likeliest" else mixture.sample(1, draws)[:, 0]
        zeros = np.zeros(len(actions))
        if len(self.members) < 2 or not uncertainty:
            return Decision(actions.cpu().numpy(), zeros, zeros, np.full_like(zeros, np.inf))
        gaps = _gaps(mixture, self._mixture(observations, 1), draws).double()  # (2, N, draws)
        error = (gaps.var(dim=-1) / _DRAWS).sum(dim=0).sqrt()
        return Decision(
            actions.cpu().numpy(),
            gaps.mean(dim=-1).sum(dim=0).cpu().numpy(),
            error.cpu().numpy(),
            np.full_like(zeros, _DRAWS),
        )

    @torch.inference_mode()
    def log_likelihood(self, observations: object, actions: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log density of actions, (N, A), given N observations: (N,) [nats]."""
        mixture = self._mixture(observations, 0)
        given = torch.from_numpy(np.array(actions, dtype=np.float32)).to(mixture.means.device)
        result: NDArray[np.float64] = mixture.log_density(given[:, None])[:, 0].double().cpu().numpy()
        return result

    @torch.inference_mode()
    def sample(
        self, observations: object, count: int, generator: torch.Generator | int
    ) -> NDArray[np.float32]:
        """Independent actions, (N, count, A), in [-1, 1]."""
        drawn = self._mixture(observations, 0).sample(count, as_generator(generator))
        result: NDArray[np.float32] = drawn.cpu().numpy()
        return result

    def _mixture(self, observations: object, member: int) -> Mixture:
        network = self.members[member]
        assert isinstance(network, MixtureNetwork)
        states = as_observations(observations, self.config.network)
        mixture: Mixture = network(states.to(network.readout.weight.device))
        return mixture


def _gaps(one: Mixture, other: Mixture, draws: torch.Generator) -> Tensor:
    """log p - log q at draws of p, then log q - log p at draws of q: (2, N, draws); means add up to D_J."""
    first, second = one.sample(_DRAWS, draws), other.sample(_DRAWS, draws)
    return torch.stack(
        [
            one.log_density(first) - other.log_density(first),
            other.log_density(second) - one.log_density(second),
        ]
    )
