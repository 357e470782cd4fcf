"""Who is about to fail? Every measure of uncertainty on the same recorded rollouts, intervals over seeds.

For each task and seed, policies are trained by the task's recipe and the implicit one drives a fleet that
nobody helps. Each measure then scores the steps before some violations, and some thousand others, which
stand for the rest of that recording. Good ones are high before a violation and low elsewhere: AUROC of a
violation within so many steps, and the share of robot-steps that must call so that nine of ten violations
were announced. On navigation's fork, where two ways are equally good and nobody has to be asked, a measure
should be low: shown is the share of all robot-steps that it is above.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from django.conf import settings
from numpy.typing import NDArray

from iifl_server import seeds
from iifl_server.bench.common import Options, Show, prepare
from iifl_server.bench.sampler import sharper
from iifl_server.experiments.protocol import Trial, size_of
from iifl_server.experiments.trial import beginning, demonstrations
from policy.energy.graphs import fast_energy
from policy.implicit import ImplicitPolicy
from policy.metrics import bootstrap_interval
from policy.sampling.adapted import adapted
from policy.sampling.box import bounds
from policy.sampling.langevin import PUBLISHED
from policy.uncertainty.nearest import NearestSample
from robots.registry import make_fleet

TASKS = ("navigation", "ball_balance", "ant", "anymal")
"""Those that know violations and are seen as numbers."""
WITHIN = (5, 20, 50)
ANNOUNCED_WITHIN = 20
CAUGHT = 0.9
SEEDS = 3
MOST_FAILURES = 30
"""Violations that are looked at, drawn at random where there are more."""
OTHERS = 1500
"""Robot-steps far from every violation that stand for all of those."""
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
    rows = Rows.of(recording, seed)
    known = torch.from_numpy(np.array(data.observations))
    plain, knowing = (policy.remembering(known, weight) for weight in (0.0, 1.0))
    cold = sharper(plain, 1.0 / PUBLISHED.temperature)
    nearest = NearestSample(data.observations)
    draws = np.random.default_rng(seed)
    measures: Mapping[str, Measure] = {
        "jeffreys": lambda seen: plain.decide(seen, 0).uncertainty,
        "jeffreys, familiarity": lambda seen: knowing.decide(seen, 0).uncertainty,
        "jeffreys, published temperature": lambda seen: cold.decide(seen, 0).uncertainty,
        "ensemble variance": lambda seen: several.decide(seen, 0).uncertainty,
        "variance of implicit actions": lambda seen: _variance(policy, seen),
        "nearest sample": nearest,
        "random": lambda seen: draws.random(len(seen)),
    }
    return {name: judged(measure, rows, task) for name, measure in measures.items()}


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


@dataclass(frozen=True)
class Rows:
    """Robot-steps that measures score: those before some violations, and some others, each with a weight."""

    states: NDArray[np.float32]
    """(n, S)."""
    coming: Mapping[int, NDArray[np.bool_]]
    """Within how many steps, to whether a violation comes: (n,)."""
    weights: Scores
    """(n,): how many robot-steps of the recording each stands for."""
    announced: Sequence[NDArray[np.intp]]
    """For each violation that is looked at, the rows that may announce it."""
    failures: int
    """Violations of the recording."""

    @classmethod
    def of(cls, recording: Recording, seed: int, others: int = OTHERS) -> "Rows":
        """Choose them; the seed decides which others."""
        draws = np.random.default_rng(seed)
        violations = np.zeros_like(recording.violations)
        failed = np.flatnonzero(recording.violations)
        violations.ravel()[draws.permutation(failed)[:MOST_FAILURES]] = True
        every, near = (ahead(seen, max(WITHIN)) for seen in (recording.violations, violations))
        far = np.flatnonzero(~every)
        taken = draws.permutation(far)[:others]
        chosen = np.sort(np.concatenate([np.flatnonzero(near), taken]))
        place = np.full(near.size, -1)
        place[chosen] = np.arange(len(chosen))
        places = place.reshape(near.shape)
        weights = np.where(
            near.ravel()[chosen], every.sum() / max(1, near.sum()), len(far) / max(1, len(taken))
        )
        announced = [
            places[max(0, step - ANNOUNCED_WITHIN + 1) : step + 1, robot]
            for step, robot in zip(*np.nonzero(violations), strict=True)
        ]
        coming = {within: ahead(recording.violations, within).ravel()[chosen] for within in WITHIN}
        states = recording.observations.reshape(near.size, -1)[chosen]
        return cls(states, coming, weights, announced, len(failed))


def judged(measure: Measure, rows: Rows, task: str) -> dict[str, float]:
    """AUROCs, share of calls, milliseconds for 100 robots, and the fork."""
    begun = time.perf_counter()
    parts = np.array_split(rows.states, max(1, len(rows.states) // 100))
    scores = np.concatenate([measure(part) for part in parts])  # (n,)
    took = time.perf_counter() - begun
    figures = {f"auroc_{within}": auroc(scores, rows.coming[within], rows.weights) for within in WITHIN}
    figures["calls_for_90"] = calls_needed(scores, rows)
    figures["failures"] = float(rows.failures)
    figures["ms_per_100"] = 1e5 * took / len(scores)
    if task == "navigation":
        at_fork = (rows.states == np.array(_FORK, dtype=np.float32)).all(axis=-1)
        if at_fork.any():
            below = scores < scores[at_fork].mean()
            figures["above_at_fork"] = float(rows.weights[below].sum() / rows.weights.sum())
    return figures


def ahead(violations: NDArray[np.bool_], within: int) -> NDArray[np.bool_]:
    """Whether a robot fails in this step or one of the next ones, `within` in all: (T, N)."""
    coming = np.zeros_like(violations)
    for later in range(min(within, len(violations))):
        coming[: len(violations) - later] |= violations[later:]
    return coming


def auroc(scores: Scores, positive: NDArray[np.bool_], weights: Scores) -> float:
    """Chance that a score before a failure is above one elsewhere, ties counting half; NaN without both.

    All (n,). weights: how many scores each stands for.
    """
    if positive.all() or not positive.any():
        return float("nan")
    values, places = np.unique(scores, return_inverse=True)
    one = np.bincount(places, weights * positive, len(values))
    other = np.bincount(places, weights * ~positive, len(values))
    below = np.cumsum(other) - other / 2.0
    return float((one * below).sum() / (one.sum() * other.sum()))


def calls_needed(scores: Scores, rows: Rows) -> float:
    """Share of robot-steps above the threshold that announces CAUGHT of all failures; NaN without any."""
    if not rows.announced:
        return float("nan")
    highest = np.sort([scores[places].max() for places in rows.announced])
    threshold = highest[int((1.0 - CAUGHT) * len(highest) + 1e-9)]
    return float(rows.weights[scores >= threshold].sum() / rows.weights.sum())


def _ensemble(trial: Trial, folder: Path, data: Any) -> Any:
    """IFL's networks, without their calibration."""
    return beginning(replace(trial, algorithm="ifl", threshold=0.0), folder, data, lambda done, text: None)[0]


@torch.no_grad()
def _variance(policy: ImplicitPolicy, seen: NDArray[np.float32]) -> Scores:
    """Variance of the density of member 0 over actions, mean over components: what draws of it would have."""
    network = policy.network(0)
    size = policy.config.network.action_size
    features = network.encode(torch.from_numpy(seen))
    low, high = bounds(-1.0, 1.0, size)
    samples = adapted([fast_energy(network.head)], [features], low, high, torch.Generator().manual_seed(0))
    weights = samples.weights[0][..., None]  # (N, K, 1)
    mean = (weights * samples.actions).sum(dim=1, keepdim=True)
    spread = (weights * (samples.actions - mean).square()).sum(dim=1).mean(dim=-1)
    found: Scores = spread.double().numpy()
    return found


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
