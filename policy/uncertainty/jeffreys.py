"""Jeffreys divergence between two energy-based models, by Identity 1: no partition function is needed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from policy.energy.network import Energy
from policy.errors import InputError
from policy.sampling.annealed import AnnealedConfig, annealed_smc
from policy.sampling.box import Bound, bounds
from policy.sampling.checks import checked_energies
from policy.sampling.importance import ImportanceConfig, ImportanceSamples, importance
from policy.sampling.langevin import LangevinConfig, langevin
from policy.sampling.mala import MalaConfig, mala
from policy.sampling.population import PopulationConfig, population
from policy.uncertainty.estimate import JeffreysEstimate, from_chains, from_importance, from_particles

Method = Literal["auto", "importance", "langevin", "mala", "annealed"]
Pair = tuple[Energy, Energy]
States = tuple[Tensor, Tensor]
Box = tuple[Tensor, Tensor]

TRUSTED = 40.0
"""Importance samples of which fewer than this are effective are not relied on: their estimates are biased by
several per cent, and their standard errors too small."""
SURPRISED = 4.0
"""Standard errors by which all rounds together may move the first stage's log partition function."""


@dataclass(frozen=True)
class SharedEstimate:
    """What samples that two energies share come to, with more work for the states that needed it."""

    divergence: JeffreysEstimate
    """(B,) each."""
    actions: Tensor
    """(B, k, A): those of lowest energy_p among all that were evaluated, best first."""
    energies: Tensor
    """(B, k): their energies."""
    stages: Tensor
    """(B,): 1 where uniform actions were enough, 2 where further rounds were, 3 where it took annealing."""


def jeffreys_divergence(
    energy_p: Energy,
    energy_q: Energy,
    states: Tensor | tuple[Tensor, Tensor],
    low: Bound,
    high: Bound,
    *,
    method: Method = "auto",
    generator: torch.Generator,
    action_size: int | None = None,
    importance_config: ImportanceConfig | None = None,
    population_config: PopulationConfig | None = None,
    langevin_config: LangevinConfig | None = None,
    mala_config: MalaConfig | None = None,
    annealed_config: AnnealedConfig | None = None,
) -> JeffreysEstimate:
    """D_J of pi_p and pi_q (Identity 1) at temperature 1, in nats.

    states: (B, ...), or a pair where each energy takes its own (features of its own encoder).
    low, high: bounds of actions, (A,), or numbers with action_size. generator: on the device of the states.
    method:
    - "auto" draws uniform actions once for both energies, and goes on in the states where they do not
      do: with rounds of actions that close in on both densities, and where those have too few effective
      samples or contradict the first, by annealing (see `from_shared`);
    - "importance" always uses two stages, and nothing else;
    - "annealed" anneals particles to both densities in all states and pools them by bridge sampling;
    - "mala" uses chains that are exact within a mode but do not weigh modes;
    - "langevin" is the published estimator, whose chains are biased on sharp, multimodal or truncated
    densities.

    A mode so narrow that no action ever drawn feels it is missed by every method.
    Raises InputError for an unknown method, bounds that are not valid, shapes that do not fit, and energies
    that are not finite, naming the state.

    >>> draws = torch.Generator().manual_seed(0)
    >>> sharp = lambda states, actions: (actions / 0.02).square().sum(-1) / 2
    >>> moved = lambda states, actions: ((actions - 0.02) / 0.02).square().sum(-1) / 2
    >>> value, error, size = jeffreys_divergence(
    ...     sharp, moved, torch.zeros(1, 1), -1.0, 1.0, action_size=2, generator=draws
    ... )
    >>> abs(value.item() - 2.0) < 4 * error.item() < 1.0  # |shift|^2 / sigma^2 = 2 nats
    True
    """
    if method not in get_args(Method):
        raise InputError(f"method is {method!r}; valid are {', '.join(get_args(Method))}")
    lower, upper = bounds(low, high, action_size)
    energies = energy_p, energy_q
    pair = states if isinstance(states, tuple) else (states, states)
    box = lower.to(generator.device), upper.to(generator.device)
    if method == "langevin":
        return _by_chains(energies, pair, lambda e, s: langevin(e, s, *box, generator, langevin_config)[0])
    if method == "mala":
        return _by_chains(energies, pair, lambda e, s: mala(e, s, *box, generator, mala_config)[0])
    if method == "annealed":
        return _by_annealing(energies, pair, box, generator, annealed_config).divergence
    two_stages = method == "importance"
    samples = importance(energies, pair, *box, generator, importance_config, two_stages=two_stages)
    if two_stages:
        return from_importance(samples)
    return from_shared(
        samples,
        energies,
        pair,
        *box,
        generator,
        importance_config=importance_config,
        population_config=population_config,
        annealed_config=annealed_config,
        best=1,
    ).divergence


@torch.no_grad()
def from_shared(
    samples: ImportanceSamples,
    energies: Pair,
    states: States,
    low: Tensor,
    high: Tensor,
    generator: torch.Generator,
    *,
    importance_config: ImportanceConfig | None = None,
    population_config: PopulationConfig | None = None,
    annealed_config: AnnealedConfig | None = None,
    best: int = 16,
) -> SharedEstimate:
    """The divergence from first-stage samples of both energies, with more work only in states that need it.

    samples: of `importance(..., two_stages=False)`. states: of each energy, (B, ...). low, high: (A,).
    Further rounds (`population`) follow where the first stage has few effective samples
    (`ImportanceConfig.enough`) or one action has more than 5 % of the weight. Annealing follows where all
    together have fewer than 40 effective samples, or moved the first one's log partition function by more
    than 4 standard errors although it looked healthy. best: k, of the lowest actions found on the way, at
    most as many as first-stage samples.
    """
    config = importance_config or ImportanceConfig()
    result = _SoFar(samples, best)
    rows = samples.doubtful(config.enough).nonzero()[:, 0]
    if not len(rows):
        return result.estimate
    pair = states[0][rows], states[1][rows]
    first = samples.of(rows)
    every = population(first, energies, pair, low, high, generator, population_config)
    result.put(rows, from_importance(every), every.actions, every.energies[0], 2)
    bad = (every.effective_sample_size.amin(dim=0) < TRUSTED) | _surprised(first, every)
    rows = rows[bad]
    if len(rows):
        pair = pair[0][bad], pair[1][bad]
        annealed = _by_annealing(
            energies, pair, (low, high), generator, annealed_config, every.of(bad.nonzero()[:, 0])
        )
        result.put(rows, annealed.divergence, annealed.actions, annealed.energies, 3)
    return result.estimate


class _SoFar:
    """Estimates and lowest actions of all states, as more is found out about some of them."""

    def __init__(self, samples: ImportanceSamples, best: int) -> None:
        lowest, actions = _lowest(samples.actions, samples.energies[0], best)
        stages = torch.ones(len(actions), dtype=torch.long, device=actions.device)
        self.estimate = SharedEstimate(from_importance(samples), actions, lowest, stages)

    def put(
        self, rows: Tensor, part: JeffreysEstimate, actions: Tensor, energies: Tensor, stage: int
    ) -> None:
        """New estimates and actions, (b, K, A), of some states, with energies, (b, K)."""
        old = self.estimate
        pool = torch.cat([old.actions[rows], actions], dim=1)
        values = torch.cat([old.energies[rows], energies], dim=1)
        lowest, found = _lowest(pool, values, old.actions.shape[1])
        self.estimate = SharedEstimate(
            old.divergence.put(rows, part),
            old.actions.index_copy(0, rows, found),
            old.energies.index_copy(0, rows, lowest),
            old.stages.index_fill(0, rows, stage),
        )


def _lowest(actions: Tensor, energies: Tensor, count: int) -> tuple[Tensor, Tensor]:
    lowest, index = energies.topk(min(count, energies.shape[1]), dim=1, largest=False)
    return lowest, actions.gather(1, index[..., None].expand(-1, -1, actions.shape[2]))


def _spread(samples: ImportanceSamples, count: int) -> tuple[Tensor, Tensor]:
    """About count of the samples, all rounds in equal proportion: actions and their log densities."""
    every = samples.actions.shape[1]
    index = torch.linspace(0, every - 1, min(count, every), device=samples.actions.device).round().long()
    return samples.actions[:, index], samples.log_density[:, index]


def _surprised(first: ImportanceSamples, every: ImportanceSamples) -> Tensor:
    """Where all rounds contradict a first stage that looked healthy, beyond what chance explains, (B,)."""
    healthy = first.effective_sample_size >= TRUSTED  # (2, B)
    variance = 1.0 / first.effective_sample_size - 1.0 / first.actions.shape[1]
    variance = variance + 1.0 / every.effective_sample_size
    contradicts = (every.log_z - first.log_z).abs() > SURPRISED * variance.sqrt()
    return (healthy & contradicts).any(dim=0)


def _evaluated(energies: Pair, states: States, actions: Tensor) -> Tensor:
    """Energies of both, (2, B, K)."""
    return torch.stack(
        [
            checked_energies(energy(state, actions), actions)
            for energy, state in zip(energies, states, strict=True)
        ]
    )


@torch.no_grad()
def _by_chains(
    energies: Pair, states: States, sample: Callable[[Energy, Tensor], Tensor]
) -> JeffreysEstimate:
    """Identity 1 with one set of chains per energy, as published."""
    actions = torch.cat([sample(*own) for own in zip(energies, states, strict=True)], dim=1)
    return from_chains(_evaluated(energies, states, actions))


@torch.no_grad()
def _by_annealing(
    energies: Pair,
    states: States,
    box: Box,
    generator: torch.Generator,
    config: AnnealedConfig | None,
    start: ImportanceSamples | None = None,
) -> SharedEstimate:
    """Particles of both densities, pooled; `energies` and `actions` are of p's.

    start: importance samples, which both populations begin at, so that what they found is not lost.
    """
    config = config or AnnealedConfig()
    actions, log_density = (None, None) if start is None else _spread(start, config.particles)
    (of_p, found_p), (of_q, found_q) = (
        annealed_smc(energy, state, *box, generator, config, start=actions, start_log_density=log_density)
        for energy, state in zip(energies, states, strict=True)
    )
    values = _evaluated(energies, states, torch.cat([of_p, of_q], dim=1))
    apart = of_p.shape[1] if start is None else 0  # a shared start makes one family of its descendants
    families = torch.cat([found_p.families, apart + found_q.families], dim=1)
    stages = torch.full((len(of_p),), 3, device=of_p.device)
    return SharedEstimate(from_particles(values, families), of_p, found_p.energies, stages)
