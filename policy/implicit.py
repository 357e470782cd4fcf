"""The implicit policy: bootstrapped energies, of which member 0 acts and all say how unsure they are."""

import time
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from policy.decision import Decision, as_generator, as_observations
from policy.energy.config import PolicyConfig
from policy.energy.graphs import fast_energy
from policy.energy.network import Energy, EnergyNetwork
from policy.energy.precision import Precision
from policy.errors import InputError
from policy.sampling.adapted import adapted
from policy.sampling.annealed import AnnealedConfig
from policy.sampling.box import bounds
from policy.sampling.descent import DescentConfig, descend
from policy.sampling.importance import ImportanceConfig, ImportanceSamples, importance
from policy.sampling.langevin import PUBLISHED, langevin
from policy.sampling.lattice import lattice
from policy.sampling.population import PopulationConfig
from policy.uncertainty.estimate import JeffreysEstimate, from_importance
from policy.uncertainty.familiarity import Familiarity
from policy.uncertainty.jeffreys import from_shared, jeffreys_divergence

Sampler = Literal["fast", "published"]
"""How an action is found. `fast`: from importance samples, which both members share: one of them is drawn at
the policy's temperature, or at temperature 0 a descent begins at the best. `published`: Langevin chains,
argmin of member 0's (Table 3), and Identity 1 over each member's own chains. `./iifl bench sampler` chose the
default: by rank correlation of uncertainties with long runs, action error and energy first, then by time."""

ACTION_TEMPERATURE = 0.3
"""Actions from images are drawn from exp(-E / 0.3): nearly the minimum. The minimum itself is a fixed
function of the observation, and where it overshoots it is caught in a cycle (decision 0005). Actions from
states, which may have many components, are minima: of some hundred draws in 8 dimensions none is near one."""

_ROUNDS = PopulationConfig(centres=32, enough=200.0)
"""Where uniform samples do not do, a timestep takes a third less than with the defaults: what counts is which
robots are less sure than others, to which a few per cent of each estimate matter little."""


class ImplicitPolicy(nn.Module):
    """pi(a|s) proportional to exp(-E(s, a)), by default with two members on bootstrapped data.

    temperature: of the density that the fast sampler draws actions from; 0 minimises, as the published
    sampler always does; None is 0.3 for images and 0 for states. seed: of the first weights; the global
    random state is left alone. Weights are changed by `policy.learning.train`, which returns a new policy.
    """

    kind = "implicit"

    def __init__(
        self,
        config: PolicyConfig | None = None,
        *,
        seed: int = 0,
        sampler: Sampler = "fast",
        descent: DescentConfig | None = None,
        sampling: ImportanceConfig | None = None,
        annealing: AnnealedConfig | None = None,
        temperature: float | None = None,
    ) -> None:
        super().__init__()
        if sampler not in get_args(Sampler):
            raise InputError(f"sampler is {sampler!r}; valid are {', '.join(get_args(Sampler))}")
        self.config = config or PolicyConfig()
        if temperature is None:
            temperature = ACTION_TEMPERATURE if self.config.network.from_images else 0.0
        if not 0.0 <= temperature <= 1.0:
            raise InputError(
                f"temperature is {temperature}; valid is 0 (the minimum) to 1 (the density itself)"
            )
        self.sampler = sampler
        self.temperature = temperature
        self.descent = descent or DescentConfig()
        self.sampling = sampling or ImportanceConfig()
        self.annealing = annealing or AnnealedConfig(particles=256)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.members = nn.ModuleList(
                EnergyNetwork(self.config.network) for _ in range(self.config.members)
            )
        weight = self.config.familiarity
        self.familiarity = Familiarity(self.config.network.encoded_size, weight) if weight else None
        self.eval()

    def remember(self, observations: Tensor) -> None:
        """Take these, (n, S), for all states that are known; `train` calls it at its end."""
        if self.familiarity is not None:
            self.familiarity.learn(observations.to(next(self.parameters()).device))

    def remembering(self, observations: Tensor, weight: float) -> "ImplicitPolicy":
        """A policy of the same members, with this weight of familiarity, that knows these states, (n, S)."""
        made = ImplicitPolicy(
            replace(self.config, familiarity=weight),
            sampler=self.sampler,
            descent=self.descent,
            sampling=self.sampling,
            annealing=self.annealing,
            temperature=self.temperature,
        )
        made.members = self.members
        made.to(next(self.parameters()).device).remember(observations)
        return made.eval()

    def unfamiliarity(self, states: Tensor) -> Tensor:
        """What is added to the divergence of the energies in states, (B, S): (B,) [nats]."""
        if self.familiarity is None:
            return torch.zeros(len(states), device=states.device)
        found: Tensor = self.familiarity(states).square()
        return found

    @property
    def estimator(self) -> str:
        """Name of how uncertainty is estimated; a threshold is valid for one estimator only."""
        if len(self.members) < 2:
            return "none"
        name = "jeffreys-langevin-published" if self.sampler == "published" else "jeffreys-importance"
        return f"{name}-familiarity-{self.config.familiarity:g}" if self.config.familiarity else name

    @torch.no_grad()
    def decide(
        self, observations: object, generator: torch.Generator | int, *, uncertainty: bool = True
    ) -> Decision:
        """Actions and uncertainties for N observations, uint8 images (N, H, W, 3) or states (N, S).

        generator: or a seed; decides every draw. Uncertainty is the Jeffreys divergence of members 0 and 1
        [nats], and what familiarity adds; zero for a policy of one member, and where it is not asked for:
        member 0 alone is then looked at. Raises InputError for observations that do not fit.
        """
        device = next(self.parameters()).device
        states = as_observations(observations, self.config.network).to(device)
        draws = as_generator(generator, device)
        low, high = (bound.to(device) for bound in bounds(-1.0, 1.0, self.config.network.action_size))
        members = min(2, len(self.members)) if uncertainty else 1
        features = [self.network(member).encode(states) for member in range(members)]
        decide = self._published if self.sampler == "published" else self._fast
        actions, divergence, uncertainty_s = decide(self._energies(members), features, low, high, draws)
        estimate = divergence.estimate
        if members > 1 and self.familiarity is not None:
            begun = time.perf_counter()
            estimate = estimate + self.unfamiliarity(states)
            uncertainty_s += time.perf_counter() - begun
        return Decision(
            actions.cpu().numpy().astype(np.float32),
            estimate.cpu().numpy().astype(np.float64),
            divergence.standard_error.cpu().numpy().astype(np.float64),
            divergence.effective_sample_size.cpu().numpy().astype(np.float64),
            uncertainty_s,
        )

    def network(self, member: int) -> EnergyNetwork:
        """One member's energy."""
        network = self.members[member]
        assert isinstance(network, EnergyNetwork)
        return network

    def _energies(self, members: int) -> list[Energy]:
        """Of the first members, as samplers call them: made once per decision, since weights may have moved.

        From images they are float32, so that a threshold means the same on every machine; the head is small.
        """
        precision: Precision = "float32" if self.config.network.from_images else "auto"
        return [fast_energy(self.network(member).head, precision) for member in range(members)]

    def _fast(
        self,
        energies: list[Energy],
        features: list[Tensor],
        low: Tensor,
        high: Tensor,
        draws: torch.Generator,
    ) -> tuple[Tensor, JeffreysEstimate, float]:
        """Members share the samples, from which member 0 also draws its action or begins its descent.

        What is drawn at a temperature needs weights of one kind in all states: there, one state with too few
        effective samples takes all of them to the second stage. A descent does not.
        """
        begun = time.perf_counter()
        if self.temperature == 0.0 and len(energies) == 2:
            pair = (energies[0], energies[1]), (features[0], features[1])
            divergence, candidates = self._state_by_state(*pair, low, high, draws)
        elif self.temperature == 0.0:
            divergence, candidates = _none(features[0]), self._low(energies[0], features[0], low, high, draws)
        else:
            samples = importance(energies, features, low, high, draws, self.sampling)
            candidates = samples.actions, samples.energies[0]
            divergence = from_importance(samples) if len(energies) == 2 else _none(features[0])
        uncertainty_s = time.perf_counter() - begun
        if self.temperature > 0:
            return samples.draw(0, self.temperature, draws), divergence, uncertainty_s
        minimum = descend(energies[0], features[0], low, high, candidates, self.descent)
        return minimum.actions, divergence, uncertainty_s

    def _low(
        self, energy: Energy, features: Tensor, low: Tensor, high: Tensor, draws: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Low actions of one energy, (B, k, A), and their energies, to descend from.

        In states where the energy is sharp, a second stage of samples goes near the lowest.
        """
        samples = adapted([energy], [features], low, high, draws)
        lowest, actions = _lowest(samples, self.descent.starts)
        rows = samples.doubtful(self.sampling.enough).nonzero()[:, 0]
        if len(rows):
            again = importance([energy], [features[rows]], low, high, draws, self.sampling, two_stages=True)
            energies, found = _lowest(again, self.descent.starts)
            both = torch.cat([lowest[rows], energies], dim=1)
            places = both.topk(self.descent.starts, dim=1, largest=False)
            pool = torch.cat([actions[rows], found], dim=1)
            actions = actions.index_copy(0, rows, _at(pool, places.indices))
            lowest = lowest.index_copy(0, rows, places.values)
        return actions, lowest

    def _state_by_state(
        self,
        energies: tuple[Energy, Energy],
        features: tuple[Tensor, Tensor],
        low: Tensor,
        high: Tensor,
        draws: torch.Generator,
    ) -> tuple[JeffreysEstimate, tuple[Tensor, Tensor]]:
        """The divergence, and low actions, (B, k, A), with their energies, to descend from.

        Adapted samples serve most states; those where few are effective, or one counts for too much, begin
        again with uniform actions and go as far as they need: through rounds that close in, and to annealing.
        """
        samples = adapted(energies, features, low, high, draws)
        divergence = from_importance(samples)
        lowest, actions = _lowest(samples, self.descent.starts)
        rows = samples.doubtful(self.sampling.enough).nonzero()[:, 0]
        if len(rows):
            some = features[0][rows], features[1][rows]
            start = lattice(len(rows), self.sampling.samples, low, high, draws)
            uniform = importance(
                energies, some, low, high, draws, self.sampling, two_stages=False, start=start
            )
            found = from_shared(
                uniform,
                energies,
                some,
                low,
                high,
                draws,
                importance_config=self.sampling,
                population_config=_ROUNDS,
                annealed_config=self.annealing,
                best=self.descent.starts,
            )
            divergence = divergence.put(rows, found.divergence)
            actions, lowest = (
                actions.index_copy(0, rows, found.actions),
                lowest.index_copy(0, rows, found.energies),
            )
        return divergence, (actions, lowest)

    def _published(
        self,
        energies: list[Energy],
        features: list[Tensor],
        low: Tensor,
        high: Tensor,
        draws: torch.Generator,
    ) -> tuple[Tensor, JeffreysEstimate, float]:
        samples, diagnostics = langevin(energies[0], features[0], low, high, draws, PUBLISHED)
        best = diagnostics.energies.argmin(dim=1)
        actions = samples[torch.arange(len(best), device=best.device), best]
        if len(energies) < 2:
            return actions, _none(features[0]), 0.0
        begun = time.perf_counter()
        divergence = jeffreys_divergence(
            energies[0],
            energies[1],
            (features[0], features[1]),
            low,
            high,
            method="langevin",
            generator=draws,
            langevin_config=PUBLISHED,
        )
        return actions, divergence, time.perf_counter() - begun


def _lowest(samples: ImportanceSamples, count: int) -> tuple[Tensor, Tensor]:
    """The lowest energies of member 0 among its samples, (B, count), and their actions, (B, count, A)."""
    energies, index = samples.energies[0].topk(count, dim=1, largest=False)
    return energies, _at(samples.actions, index)


def _at(actions: Tensor, index: Tensor) -> Tensor:
    """(B, K, A) at places, (B, k): (B, k, A)."""
    return actions.gather(1, index[..., None].expand(-1, -1, actions.shape[2]))


def _none(features: Tensor) -> JeffreysEstimate:
    zeros = torch.zeros(len(features), device=features.device)
    return JeffreysEstimate(zeros, zeros, torch.full_like(zeros, float("inf")))
