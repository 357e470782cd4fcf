"""The implicit policy: bootstrapped energies, of which member 0 acts and all say how unsure they are."""

import time
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from policy.decision import Decision, as_generator, as_observations
from policy.energy.config import PolicyConfig
from policy.energy.network import EnergyNetwork
from policy.errors import InputError
from policy.sampling.box import bounds
from policy.sampling.derivative_free import DerivativeFreeConfig, derivative_free
from policy.sampling.importance import ImportanceConfig, importance
from policy.sampling.langevin import PUBLISHED, langevin
from policy.uncertainty.jeffreys import JeffreysEstimate, from_importance, jeffreys_divergence

Sampler = Literal["fast", "published"]
"""How an action is found. `fast`: from importance samples, which both members share: one of them is drawn at
the policy's temperature, or at temperature 0 a derivative-free search begins at the best. `published`:
Langevin chains, argmin of member 0's (Table 3), and Identity 1 over each member's own chains."""

ACTION_TEMPERATURE = 0.3
"""Actions of the fast sampler are drawn from exp(-E / 0.3): nearly the minimum. The minimum itself is a
fixed function of the observation, and where it overshoots it is caught in a cycle (decision 0005)."""


class ImplicitPolicy(nn.Module):
    """pi(a|s) proportional to exp(-E(s, a)), by default with two members on bootstrapped data.

    temperature: of the density that the fast sampler draws actions from; 0 minimises, as the published
    sampler always does. seed: of the first weights; the global random state is left alone. Weights are
    changed by `policy.learning.train`, which returns a new policy.
    """

    kind = "implicit"

    def __init__(
        self,
        config: PolicyConfig | None = None,
        *,
        seed: int = 0,
        sampler: Sampler = "fast",
        search: DerivativeFreeConfig | None = None,
        sampling: ImportanceConfig | None = None,
        temperature: float = ACTION_TEMPERATURE,
    ) -> None:
        super().__init__()
        if sampler not in get_args(Sampler):
            raise InputError(f"sampler is {sampler!r}; valid are {', '.join(get_args(Sampler))}")
        if not 0.0 <= temperature <= 1.0:
            raise InputError(
                f"temperature is {temperature}; valid is 0 (the minimum) to 1 (the density itself)"
            )
        self.config = config or PolicyConfig()
        self.sampler = sampler
        self.temperature = temperature
        self.search = search or DerivativeFreeConfig()
        self.sampling = sampling or ImportanceConfig()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.members = nn.ModuleList(
                EnergyNetwork(self.config.network) for _ in range(self.config.members)
            )
        self.eval()

    @property
    def estimator(self) -> str:
        """Name of how uncertainty is estimated; a threshold is valid for one estimator only."""
        if len(self.members) < 2:
            return "none"
        return "jeffreys-langevin-published" if self.sampler == "published" else "jeffreys-importance"

    def decide(self, observations: object, generator: torch.Generator | int) -> Decision:
        """Actions and uncertainties for N observations, uint8 images (N, H, W, 3) or states (N, S).

        generator: or a seed; decides every draw. Uncertainty is the Jeffreys divergence of members 0 and 1
        [nats]; zero for a policy of one member. Raises InputError for observations that do not fit.
        """
        states = as_observations(observations, self.config.network)
        draws = as_generator(generator)
        low, high = bounds(-1.0, 1.0, self.config.network.action_size)
        with torch.inference_mode(self.sampler != "published"):
            with torch.no_grad():
                features = [self.network(member).encode(states) for member in range(len(self.members))]
            decide = self._published if self.sampler == "published" else self._fast
            actions, divergence, uncertainty_s = decide(features, low, high, draws)
        return Decision(
            actions.numpy().astype(np.float32),
            divergence.estimate.numpy().astype(np.float64),
            divergence.standard_error.numpy().astype(np.float64),
            divergence.effective_sample_size.numpy().astype(np.float64),
            uncertainty_s,
        )

    def network(self, member: int) -> EnergyNetwork:
        """One member's energy."""
        network = self.members[member]
        assert isinstance(network, EnergyNetwork)
        return network

    def _fast(
        self, features: list[Tensor], low: Tensor, high: Tensor, draws: torch.Generator
    ) -> tuple[Tensor, JeffreysEstimate, float]:
        """Both members share the samples, from which member 0 also draws its action or begins its search."""
        begun = time.perf_counter()
        heads = [self.network(member).head for member in range(min(2, len(self.members)))]
        samples = importance(heads, features[: len(heads)], low, high, draws, self.sampling)
        divergence = from_importance(samples) if len(heads) == 2 else _none(len(features[0]))
        uncertainty_s = time.perf_counter() - begun
        first = samples.actions, samples.energies[0]
        if self.temperature > 0:
            return samples.draw(0, self.temperature, draws), divergence, uncertainty_s
        _, minimum = derivative_free(heads[0], features[0], low, high, draws, self.search, first=first)
        return minimum.actions, divergence, uncertainty_s

    def _published(
        self, features: list[Tensor], low: Tensor, high: Tensor, draws: torch.Generator
    ) -> tuple[Tensor, JeffreysEstimate, float]:
        head = self.network(0).head
        samples, diagnostics = langevin(head, features[0], low, high, draws, PUBLISHED)
        best = diagnostics.energies.argmin(dim=1)
        actions = samples[torch.arange(len(best)), best]
        if len(self.members) < 2:
            return actions, _none(len(best)), 0.0
        begun = time.perf_counter()
        pair = features[0], features[1]
        divergence = jeffreys_divergence(
            head,
            self.network(1).head,
            pair,
            low,
            high,
            method="langevin",
            generator=draws,
            langevin_config=PUBLISHED,
        )
        return actions, divergence, time.perf_counter() - begun


def _none(states: int) -> JeffreysEstimate:
    zeros = torch.zeros(states)
    return JeffreysEstimate(zeros, zeros, torch.full((states,), float("inf")))
