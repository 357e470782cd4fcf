"""One timestep of each task's own fleet: the default decision beside the plain published one.

Policies are those that the task's recipe trains, states those that its own fleet comes to; what `sampler`
shows on a synthetic model is shown here where it counts. Speed counts beside quality: uncertainties in the
order of long-run ones, the same ten robots first, actions as near to a supervisor's.
"""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from iifl_server import seeds
from iifl_server.bench.common import Options, Show, device, medians_s, prepare
from iifl_server.bench.published import PlainDecision, PlainEnergy, plain_timestep
from iifl_server.bench.sampler import SMALL, Size, long_run, spearman
from iifl_server.bench.warning import starts
from iifl_server.experiments.protocol import Trial, size_of
from iifl_server.experiments.trial import beginning, demonstrations
from policy.sampling import PUBLISHED_CODE, LangevinConfig
from robots.registry import make_fleet, make_supervisors

TASKS = ("navigation", "ball_balance", "ant", "anymal", "franka_cube_stack")
WARM_UP_STEPS = 60
"""Steps that a fleet makes alone before it is looked at."""
TOP = 10
"""Robots that ten supervisors would go to."""
RATIO, RANK_CORRELATION = 200.0, 0.95
"""Wanted at least."""


def run(options: Options, show: Show) -> dict[str, Any]:
    """Measure; the full size takes about ten minutes, most of it the plain way, once for each task."""
    prepare(options, show)
    robots, chains = (100, PUBLISHED_CODE)
    if options.smoke:
        robots, chains = 20, LangevinConfig(samples=32, iterations=5, noise_scale=0.33)
    figures: dict[str, Any] = {}
    for task in TASKS:
        size = size_of(task, "smoke" if options.smoke else "desk")
        trial = Trial(task, "iifl-random", options.seed, size)  # One that needs no calibration.
        data = demonstrations(trial, starts(task))
        policy, _ = beginning(trial, starts(task), data, lambda done, text: None)
        observations, answers = visited(policy, task, robots, options.seed)
        figures[task] = _compared(policy, observations, answers, chains, options)
        _show(task, figures[task], options, show)
    return figures


def visited(
    policy: Any, task: str, robots: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where a task's fleet is after some steps, (N, S), and what two supervisors would do, (N, 2, A)."""
    fleet = make_fleet(task, robots, seeds.EVALUATION + seed)
    everyone = np.ones(robots, dtype=np.bool_)
    for step in range(WARM_UP_STEPS):
        result = fleet.act(policy.decide(fleet.observe(), step, uncertainty=False).actions, everyone)
        fleet.reset(np.flatnonzero(result.done & ~result.violation).tolist())
        fleet.hard_reset(np.flatnonzero(result.violation).tolist())
    supervisors = make_supervisors(task, 2, seed)
    answers = np.stack([each.actions(fleet, range(robots)) for each in supervisors], axis=1)
    return fleet.observe().copy(), answers


def _compared(
    policy: Any,
    observations: NDArray[np.float32],
    answers: NDArray[np.float32],
    chains: LangevinConfig,
    options: Options,
) -> dict[str, float]:
    size = SMALL if options.smoke else Size()
    longs = [long_run(policy, observations, size, options.seed + part) for part in (1, 2)]
    gold = ((longs[0] + longs[1]) / 2.0).cpu().numpy()  # (N,)
    members = tuple(PlainEnergy(policy.network(member)).to(device()) for member in (0, 1))
    states = torch.tensor(observations, device=device())
    draws = torch.Generator(device()).manual_seed(options.seed)
    begun = time.perf_counter()
    plain: PlainDecision = plain_timestep(
        (members[0], members[1]), states, policy.config.network.action_size, draws, chains
    )
    theirs = plain.uncertainty + policy.unfamiliarity(states)
    baseline_s = time.perf_counter() - begun
    ours_s = medians_s({"ours": lambda: policy.decide(observations, options.seed)}, options.repeats)["ours"]
    actions_s = medians_s(
        {"alone": lambda: policy.decide(observations, options.seed, uncertainty=False)}, options.repeats
    )["alone"]
    decision = policy.decide(observations, options.seed)
    return {
        "baseline_s": baseline_s,
        "ours_s": ours_s,
        "ratio": baseline_s / ours_s,
        "actions_alone_s": actions_s,
        "rank_correlation": spearman(torch.tensor(decision.uncertainty), torch.tensor(gold)),
        "rank_correlation_baseline": spearman(theirs.cpu(), torch.tensor(gold)),
        "rank_correlation_long_runs": spearman(*longs),
        "top_ten_overlap": overlap(decision.uncertainty, gold),
        "top_ten_overlap_baseline": overlap(theirs.cpu().numpy(), gold),
        "action_error": _error(decision.actions, answers),
        "action_error_baseline": _error(plain.actions.cpu().numpy(), answers),
        "effective_sample_size": float(decision.effective_sample_size.mean()),
    }


def overlap(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Share of the TOP most unsure robots that both agree on."""
    first, second = (set(np.argsort(-values, kind="stable")[:TOP].tolist()) for values in (one, other))
    return len(first & second) / min(TOP, len(one))


def _error(actions: NDArray[np.float32], answers: NDArray[np.float32]) -> float:
    """Mean distance to the nearer of two supervisors' actions [action units]."""
    return float(np.linalg.norm(actions[:, None] - answers, axis=-1).min(axis=1).mean())


def _show(task: str, figures: Mapping[str, float], options: Options, show: Show) -> None:
    speed = "PASS " if figures["ratio"] >= RATIO else "short"
    order = "PASS " if figures["rank_correlation"] >= RANK_CORRELATION else "short"
    show(f"{task}: effective sample size {figures['effective_sample_size']:.0f}")
    show(
        f"  {speed} {figures['baseline_s']:.2f} s plain (once) against {figures['ours_s']:.4f} s (median of "
        f"{options.repeats}): ratio {figures['ratio']:.0f}, wanted at least {RATIO:.0f}; actions alone "
        f"{figures['actions_alone_s']:.4f} s"
    )
    show(
        f"  {order} rank correlation with a long run {figures['rank_correlation']:.3f}, plain "
        f"{figures['rank_correlation_baseline']:.3f}, two long runs "
        f"{figures['rank_correlation_long_runs']:.3f}; wanted at least {RANK_CORRELATION}"
    )
    show(
        f"        first ten robots shared {figures['top_ten_overlap']:.0%} (plain "
        f"{figures['top_ten_overlap_baseline']:.0%}); action error {figures['action_error']:.3f} (plain "
        f"{figures['action_error_baseline']:.3f})"
    )
