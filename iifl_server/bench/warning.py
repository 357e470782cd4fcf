"""Who is about to fail? Every measure of uncertainty on the same recorded rollouts, intervals over seeds.

For each task and seed, policies are trained by the task's recipe and the implicit one drives a fleet that
nobody helps. Each measure then scores every robot-step of that recording. Good ones are high before a
violation and low elsewhere: AUROC of a violation within so many steps, and the share of robot-steps that must
call so that nine of ten violations were announced. On navigation's fork, where two ways are equally good and
nobody has to be asked, a measure should be low: shown is the share of all robot-steps that it is above.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from iifl_server import seeds
from iifl_server.bench.common import Options, Show, prepare
from iifl_server.bench.sampler import sharper
from iifl_server.experiments.protocol import Trial, size_of
from iifl_server.experiments.trial import beginning, demonstrations
from policy.implicit import ImplicitPolicy
from policy.learning.evaluation import sample_actions
from policy.metrics import bootstrap_interval
from policy.sampling.langevin import PUBLISHED
from policy.uncertainty.nearest import NearestSample
from robots.registry import make_fleet

TASKS = ("navigation", "ball_balance", "ant", "anymal")
"""Those that know violations and are seen as numbers."""
WITHIN = (5, 20, 50)
ANNOUNCED_WITHIN = 20
CAUGHT = 0.9
SEEDS = 3
ACTIONS = 16
"""Draws behind the variance of several implicit actions."""
_FORK = (4.0, 6.0)

Measure = Callable[[NDArray[np.float32]], NDArray[np.float64]]
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Recording:
    """What a fleet saw that nobody helped, and when it failed."""

    observations: NDArray[np.float32]
    """(T, N, S)."""
    violations: NDArray[np.bool_]
    """(T, N): the step broke a constraint."""


def run(options: Options, show: Show) -> dict[str, Any]:
    """Measure; the full size takes half an hour on two cores."""
    found = prepare(options, show)
    robots, steps, count = (10, 60, 1) if options.smoke else (100, 500, SEEDS)
    figures: dict[str, Any] = {"machine": found}
    for task in TASKS:
        rows: dict[str, list[dict[str, float]]] = {}
        for seed in range(options.seed, options.seed + count):
            size = size_of(task, "smoke" if options.smoke else "desk")
            for name, row in measured(task, seed, size, starts(task), robots, steps).items():
                rows.setdefault(name, []).append(row)
        figures[task] = {name: _over_seeds(column) for name, column in rows.items()}
        _show(task, figures[task], robots * steps, count, show)
    return figures


def starts(task: str) -> Path:
    """Where policies are kept that benches train, so that the next one finds them."""
    return Path(settings.DATA) / "benches" / task


def measured(
    task: str, seed: int, size: Any, folder: Path, robots: int, steps: int
) -> dict[str, dict[str, float]]:
    """Figures of every measure at one seed."""
    trial = Trial(task, "iifl-random", seed, size)  # One that needs no calibration.
    data = demonstrations(trial, folder)
    policy, _ = beginning(trial, folder, data, lambda done, text: None)
    several = _ensemble(trial, folder, data)
    recording = record(policy, task, seed, robots, steps)
    cold = sharper(policy, 1.0 / PUBLISHED.temperature)
    nearest = NearestSample(data.observations)
    draws = np.random.default_rng(seed)
    measures: Mapping[str, Measure] = {
        "jeffreys": lambda seen: policy.decide(seen, 0).uncertainty,
        "jeffreys, published temperature": lambda seen: cold.decide(seen, 0).uncertainty,
        "ensemble variance": lambda seen: several.decide(seen, 0).uncertainty,
        "variance of implicit actions": lambda seen: _variance(policy, seen),
        "nearest sample": nearest,
        "random": lambda seen: draws.random(len(seen)),
    }
    return {name: judged(measure, recording, task) for name, measure in measures.items()}


def record(policy: Any, task: str, seed: int, robots: int, steps: int) -> Recording:
    """Drive a fleet that only gets hard resets, at once."""
    fleet = make_fleet(task, robots, seeds.EVALUATION + seed)
    everyone = np.ones(robots, dtype=np.bool_)
    observations, violations = [], []
    for step in range(steps):
        observations.append(fleet.observe().copy())
        result = fleet.act(policy.decide(observations[-1], step, uncertainty=False).actions, everyone)
        violations.append(result.violation.copy())
        fleet.reset(np.flatnonzero(result.done & ~result.violation).tolist())
        fleet.hard_reset(np.flatnonzero(result.violation).tolist())
    return Recording(np.array(observations), np.array(violations))


def judged(measure: Measure, recording: Recording, task: str) -> dict[str, float]:
    """AUROCs, share of calls, milliseconds for 100 robots, and the fork."""
    begun = time.perf_counter()
    scores = np.array([measure(seen) for seen in recording.observations])  # (T, N)
    took = time.perf_counter() - begun
    figures = {f"auroc_{within}": auroc(scores, ahead(recording.violations, within)) for within in WITHIN}
    figures["calls_for_90"] = calls_needed(scores, recording.violations)
    figures["failures"] = float(recording.violations.sum())
    figures["ms_per_100"] = 1e5 * took / scores.size
    if task == "navigation":
        at_fork = (recording.observations == np.array(_FORK, dtype=np.float32)).all(axis=-1)
        if at_fork.any():
            figures["above_at_fork"] = float((scores < scores[at_fork].mean()).mean())
    return figures


def ahead(violations: NDArray[np.bool_], within: int) -> NDArray[np.bool_]:
    """Whether a robot fails in this step or one of the next ones, `within` in all: (T, N)."""
    coming = np.zeros_like(violations)
    for later in range(min(within, len(violations))):
        coming[: len(violations) - later] |= violations[later:]
    return coming


def auroc(scores: Scores, positive: NDArray[np.bool_]) -> float:
    """Chance that a score before a failure is above one elsewhere, ties counting half; NaN without both."""
    one, other = scores[positive], scores[~positive]
    if not len(one) or not len(other):
        return float("nan")
    values, places = np.unique(np.concatenate([one, other]), return_inverse=True)
    counts = np.bincount(places, minlength=len(values))
    ranks = np.cumsum(counts) - (counts - 1) / 2.0
    total = ranks[places[: len(one)]].sum()
    return float((total - len(one) * (len(one) + 1) / 2.0) / (len(one) * len(other)))


def calls_needed(scores: Scores, violations: NDArray[np.bool_]) -> float:
    """Share of robot-steps above the threshold that announces CAUGHT of all failures; NaN without any."""
    steps, robots = np.nonzero(violations)
    if not len(steps):
        return float("nan")
    highest = [
        scores[max(0, step - ANNOUNCED_WITHIN + 1) : step + 1, robot].max()
        for step, robot in zip(steps, robots, strict=True)
    ]
    threshold = np.sort(highest)[int((1.0 - CAUGHT) * len(highest) + 1e-9)]
    return float((scores >= threshold).mean())


def _ensemble(trial: Trial, folder: Path, data: Any) -> Any:
    """IFL's networks, without their calibration."""
    return beginning(replace(trial, algorithm="ifl", threshold=0.0), folder, data, lambda done, text: None)[0]


def _variance(policy: ImplicitPolicy, seen: NDArray[np.float32]) -> Scores:
    drawn = sample_actions(policy, seen, ACTIONS, 0)  # (N, ACTIONS, A)
    spread: Scores = drawn.var(axis=1).mean(axis=-1).astype(np.float64)
    return spread


def _over_seeds(rows: list[dict[str, float]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in rows[0]:
        values = [row[name] for row in rows if name in row and np.isfinite(row[name])]
        found[name] = {
            "mean": fmean(values) if values else None,
            "interval": list(bootstrap_interval(values)) if len(values) > 1 else None,
            "values": values,
        }
    return found


def _show(task: str, figures: Mapping[str, Any], robot_steps: int, count: int, show: Show) -> None:
    failures = next(iter(figures.values()))["failures"]["values"]
    show(
        f"{task}: {robot_steps} robot-steps for each of {count} seeds, failures "
        f"{', '.join(f'{value:.0f}' for value in failures)}"
    )
    for name, row in figures.items():
        cells = [f"within {within} {_cell(row[f'auroc_{within}'])}" for within in WITHIN]
        text = f"  {name:<32} AUROC {', '.join(cells)}; calls for 90 % {_cell(row['calls_for_90'])}"
        if row.get("above_at_fork"):
            text += f"; at the fork above {_cell(row['above_at_fork'])}"
        show(f"{text}; {row['ms_per_100']['mean']:.1f} ms per 100 robots")


def _cell(figures: Mapping[str, Any]) -> str:
    if figures["mean"] is None:
        return "–"
    if figures["interval"] is None:
        return f"{figures['mean']:.3f}"
    low, high = figures["interval"]
    return f"{figures['mean']:.3f} [{low:.3f}, {high:.3f}]"
