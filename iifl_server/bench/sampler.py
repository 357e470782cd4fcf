"""One timestep of a fleet, actions and uncertainties: the policy's default beside the published way.

Three questions, each with its gates: how fast is the default on a model as training leaves it, how fast on
one nine times as sharp, where uniform actions find next to nothing, and how fast is the published algorithm
through our evaluation of the energy. Speed counts only beside quality: uncertainties must be in the order of
long-run ones, actions as near to what supervisors do, energies as low.

Demonstrations of the Ant benchmark do not exist here, so the models are of its size (60 state components,
8 action components, 6 x 256 with spectral norm) and learn a synthetic problem with two supervisors who answer
the same state differently (`problem.py`).
"""

import copy
import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from iifl_server.bench.common import Options, Show, device, medians_s, prepare, time_s
from iifl_server.bench.problem import Problem, make_problem
from iifl_server.bench.published import (
    PlainDecision,
    PlainEnergy,
    plain_timestep,
)
from policy import ImplicitPolicy, NetworkConfig, PolicyConfig, TrainingConfig, train
from policy.energy import Energy, EnergyHead, fast_energy
from policy.learning.counter_examples import CounterExampleConfig
from policy.sampling import PUBLISHED_CODE, LangevinConfig, bounds, importance, langevin
from policy.sampling.lattice import lattice
from policy.sampling.population import PopulationConfig, population
from policy.uncertainty import from_importance

SHARPER = 9.0
"""Factor on the energies of the sharp model."""
RANK_CORRELATION = 0.95
"""Least rank correlation with long-run uncertainties that counts as right."""


@dataclass(frozen=True)
class Size:
    """What decides how long a measurement takes."""

    robots: int = 100
    network: NetworkConfig = field(
        default_factory=lambda: NetworkConfig((60,), 8, spectral_norm=True, normalise=True)
    )
    samples: int = 4096
    """To learn from."""
    updates: int = 600
    """Of each member, batches of 64."""
    chains: LangevinConfig = PUBLISHED_CODE
    """Of the published algorithm."""
    long_run: int = 8192
    """Uniform actions per state in each of the two long runs."""
    rounds: PopulationConfig = field(
        default_factory=lambda: PopulationConfig(rounds=12, samples=512, enough=math.inf)
    )
    """What follows them where they do not do."""


SMALL = Size(
    robots=40,
    network=NetworkConfig((10,), 3, width=64, state_depth=3, spectral_norm=True, normalise=True),
    samples=1024,
    updates=300,
    chains=LangevinConfig(samples=64, iterations=20, noise_scale=0.33),
    long_run=4096,
    rounds=PopulationConfig(rounds=8, samples=512, enough=math.inf),
)
"""Seconds in all: the same code; its ratios are no claim."""


def run(options: Options, show: Show) -> dict[str, Any]:
    """Measure; full size in under ten minutes on two idle cores."""
    found = prepare(options, show)
    size = SMALL if options.smoke else Size()
    problem = make_problem(
        options.seed,
        samples=size.samples,
        held_out=size.robots,
        state_size=size.network.observation_shape[0],
        action_size=size.network.action_size,
        freedoms=2,
    )
    policy = trained(problem, size, options.seed)
    figures: dict[str, Any] = {"machine": found}
    figures |= compare("normal model", policy, problem, size, options, show, at_least=300.0)
    sharp = sharper(policy, SHARPER)
    same = time_s(lambda: published_chains(policy, problem, size, options.seed))
    again = time_s(lambda: published_chains(policy, problem, size, options.seed, again=True))
    figures["sharp"] = compare(
        "sharp model", sharp, problem, size, options, show, at_least=15.0, baseline_s=figures["baseline_s"]
    )
    show("same algorithm, same chains, through our evaluation of the energy (each once):")
    figures["same_algorithm"] = {
        "baseline_s": figures["baseline_s"],
        "ours_s": again,
        "ratio": figures["baseline_s"] / again,
        "run_for_run_s": same,
        "run_for_run_ratio": figures["baseline_s"] / same,
    }
    ratio = figures["same_algorithm"]["ratio"]
    show(
        f"        {figures['baseline_s']:.3f} s against {same:.3f} s, run for run: "
        f"ratio {figures['same_algorithm']['run_for_run_ratio']:.1f}"
    )
    show(
        f"  {'PASS ' if ratio >= 4.0 else 'short'} against {again:.3f} s, the policy's own chains used again "
        f"for its uncertainty: ratio {ratio:.1f}, wanted at least 4"
    )
    return figures


def trained(problem: Problem, size: Size, seed: int) -> ImplicitPolicy:
    """Two bootstrapped members, by InfoNCE with the published gradient penalty against uniform actions."""
    counter_examples = CounterExampleConfig(count=16, penalty=1.0)
    config = TrainingConfig(size.updates, 64, learning_rate=3e-3, fold=0, counter_examples=counter_examples)
    policy = ImplicitPolicy(PolicyConfig(size.network), seed=seed, temperature=0.0)
    return train(policy.to(device()), problem.train, config, seed=seed).policy


def sharper(policy: ImplicitPolicy, factor: float) -> ImplicitPolicy:
    """The same energies times a factor: densities as they are at temperature 1 / factor."""
    result = copy.deepcopy(policy)
    for member in range(len(result.members)):
        head = result.network(member).head
        assert isinstance(head, EnergyHead)
        for part in (head, head.prior):
            if part is not None:
                for parameter in list(part.rest.children())[-1].parameters():
                    parameter.data *= factor
    return result


def compare(
    name: str,
    policy: ImplicitPolicy,
    problem: Problem,
    size: Size,
    options: Options,
    show: Show,
    *,
    at_least: float,
    baseline_s: float | None = None,
) -> dict[str, Any]:
    """Figures and gates of one model: the default's decision beside the published one and a long run.

    baseline_s: seconds of the plain published way where they have been measured on another model, since they
    do not depend on weights; its chains are then run through the fast evaluation, for their quality alone.
    """
    observations = problem.held_out.observations
    answers = torch.tensor(problem.answers, device=device())
    longs = [long_run(policy, observations, size, options.seed + part) for part in (1, 2)]
    gold = (longs[0] + longs[1]) / 2.0
    decision = policy.decide(observations, options.seed)
    effective = decision.effective_sample_size
    show(
        f"{name}: {len(observations)} robots, effective sample size {effective.mean():.0f}, "
        f"least {effective.min():.0f}; two long runs agree to rank correlation {spearman(*longs):.3f}"
    )
    one, other = (PlainEnergy(policy.network(member)).to(device()) for member in (0, 1))
    states = torch.tensor(observations, device=device())
    draws = torch.Generator(device()).manual_seed(options.seed)
    if baseline_s is None:
        begun = time.perf_counter()
        action_size = policy.config.network.action_size
        baseline = plain_timestep((one, other), states, action_size, draws, size.chains)
        baseline_s = time.perf_counter() - begun
    else:
        baseline = published_chains(policy, problem, size, options.seed)
    repeated = medians_s({"ours": lambda: policy.decide(observations, options.seed)}, options.repeats)
    ours, theirs = torch.tensor(decision.actions, device=device()), baseline.actions
    errors = [nearest_error(actions, answers) for actions in (ours, theirs)]
    with torch.no_grad():
        energies = [one(states, actions[:, None])[:, 0] for actions in (ours, theirs)]
    figures: dict[str, Any] = {
        "baseline_s": baseline_s,
        "ours_s": repeated["ours"],
        "ratio": baseline_s / repeated["ours"],
        "rank_correlation": spearman(torch.tensor(decision.uncertainty), gold),
        "rank_correlation_baseline": spearman(baseline.uncertainty, gold),
        "rank_correlation_long_runs": spearman(*longs),
        "action_error": float(errors[0].mean()),
        "action_error_baseline": float(errors[1].mean()),
        "action_error_difference": list(mean_and_error(errors[0] - errors[1])),
        "best_energy_difference": float((energies[0] - energies[1]).mean()),
        "effective_sample_size": float(effective.mean()),
    }
    figures["gates"] = gates(figures, at_least)
    _show(figures, options, at_least, show)
    return figures


def gates(figures: dict[str, Any], at_least: float) -> dict[str, bool]:
    """Whether each of the claims holds; no worse in action error is: by no more than two standard errors."""
    worse, error = figures["action_error_difference"]
    return {
        "ratio": figures["ratio"] >= at_least,
        "rank_correlation": figures["rank_correlation"] >= RANK_CORRELATION,
        "action_error": worse <= 2.0 * error,
        "best_energy": figures["best_energy_difference"] <= 0.0,
    }


def _show(figures: dict[str, Any], options: Options, at_least: float, show: Show) -> None:
    passed = {name: "PASS " if held else "short" for name, held in figures["gates"].items()}
    worse, error = figures["action_error_difference"]
    show(
        f"  {passed['ratio']} {figures['baseline_s']:.3f} s published (once) against "
        f"{figures['ours_s']:.4f} s (median of {options.repeats}): ratio {figures['ratio']:.0f}, wanted at "
        f"least {at_least:.0f}"
    )
    show(
        f"  {passed['rank_correlation']} rank correlation with the long run "
        f"{figures['rank_correlation']:.3f}, published {figures['rank_correlation_baseline']:.3f}; wanted at "
        f"least {RANK_CORRELATION}"
    )
    show(
        f"  {passed['action_error']} squared action error {figures['action_error']:.4f}, published "
        f"{figures['action_error_baseline']:.4f}; difference {worse:+.4f} (standard error {error:.4f})"
    )
    show(
        f"  {passed['best_energy']} energy of the action, less the published one's: "
        f"{figures['best_energy_difference']:+.4f}"
    )


@torch.no_grad()
def long_run(policy: ImplicitPolicy, observations: Any, size: Size, seed: int) -> Tensor:
    """Uncertainties, (N,), that short runs are judged by: Identity 1 at temperature 1, consistently.

    Thousands of uniform actions are weighted, an estimate whose bias and error vanish as their number grows.
    Where fewer than a tenth of them are effective in some state, ten rounds and more follow that close in on
    both densities, until thousands are. All is in float32, and run twice with different draws: how well two
    long runs agree bounds what agreement can mean.
    """
    draws = torch.Generator(device()).manual_seed(seed)
    low, high = (bound.to(device()) for bound in bounds(-1.0, 1.0, policy.config.network.action_size))
    states = torch.tensor(observations, device=device())
    features = [policy.network(member).encode(states) for member in (0, 1)]
    energies: list[Energy] = [fast_energy(policy.network(member).head, "float32") for member in (0, 1)]
    start = lattice(len(states), size.long_run, low, high, draws)
    samples = importance(energies, features, low, high, draws, two_stages=False, start=start)
    if samples.effective_sample_size.min() > 0.1 * size.long_run:
        return from_importance(samples).estimate + policy.unfamiliarity(states)
    found = []
    for rows in torch.split(torch.arange(len(states)), 8):  # Few at a time, since long pools are large.
        some = [feature[rows] for feature in features]
        every = population(samples.of(rows), energies, some, low, high, draws, size.rounds)
        found.append(from_importance(every).estimate)
    return torch.cat(found) + policy.unfamiliarity(states)


@torch.no_grad()
def published_chains(
    policy: ImplicitPolicy, problem: Problem, size: Size, seed: int, *, again: bool = False
) -> PlainDecision:
    """`plain_timestep` run for run and chain for chain, on the fast evaluation.

    again: member 0's chains, of which the action is the lowest, are also those that its half of Identity 1 is
    averaged over: as many chains of the same law, and a third less work.
    """
    draws = torch.Generator(device()).manual_seed(seed)
    low, high = (bound.to(device()) for bound in bounds(-1.0, 1.0, policy.config.network.action_size))
    states = torch.tensor(problem.held_out.observations, device=device())
    features = [policy.network(member).encode(states) for member in (0, 1)]
    energies = [fast_energy(policy.network(member).head) for member in (0, 1)]
    chains, found = langevin(energies[0], features[0], low, high, draws, size.chains)
    best = found.energies.argmin(dim=1)
    actions = chains[torch.arange(len(best)), best]
    gaps = []
    for own in (0, 1):
        if own == 1 or not again:
            chains, _ = langevin(energies[own], features[own], low, high, draws, size.chains)
        gap = energies[1](features[1], chains) - energies[0](features[0], chains)
        gaps.append(gap.mean(dim=1))
    return PlainDecision(actions, gaps[0] - gaps[1])


def nearest_error(actions: Tensor, answers: Tensor) -> Tensor:
    """Mean square of actions, (N, A), less the nearest of supervisors' answers, (N, m, A): (N,)."""
    return (actions[:, None] - answers).square().mean(dim=-1).amin(dim=1)


def mean_and_error(values: Tensor) -> tuple[float, float]:
    """Mean of (N,) values and its standard error."""
    return float(values.mean()), float(values.std() / len(values) ** 0.5)


def spearman(one: Tensor, other: Tensor) -> float:
    """Rank correlation of two columns, (N,), without ties."""
    ranks = [np.argsort(np.argsort(column.detach().cpu().numpy())) for column in (one, other)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
