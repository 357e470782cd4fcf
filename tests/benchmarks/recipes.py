"""Which recipe is best for each task: every candidate is trained, then judged on validation demonstrations
and by a fleet on validation starts that nobody helps. Nothing here is ever reported as a result.

    python tests/benchmarks/recipes.py ball_balance ant --candidates uniform penalty langevin --seeds 0 1

One candidate at one seed is kept in a file, so a run that was cut off goes on. What was chosen stands in
`iifl_server/learning/recipes.py`, the figures in docs/reproduction.md.
"""

import argparse
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iifl_server.settings")

import django

django.setup()

import numpy as np  # noqa: E402
import torch  # noqa: E402

from iifl_server import seeds  # noqa: E402
from iifl_server.experiments.results import machine, read_json, write_json  # noqa: E402
from iifl_server.learning.making import initial_dataset  # noqa: E402
from iifl_server.learning.recipes import recipe  # noqa: E402
from policy.energy.config import NetworkConfig, PolicyConfig  # noqa: E402
from policy.explicit import ExplicitPolicy, MixturePolicy  # noqa: E402
from policy.implicit import ImplicitPolicy  # noqa: E402
from policy.learning.config import TrainingConfig  # noqa: E402
from policy.learning.counter_examples import LONG_STRIDES, CounterExampleConfig  # noqa: E402
from policy.learning.evaluation import evaluate  # noqa: E402
from policy.learning.trainer import train  # noqa: E402
from robots.demonstrations import collect  # noqa: E402
from robots.registry import make_fleet  # noqa: E402

Candidate = tuple[str, TrainingConfig, dict[str, Any]]
"""Kind of policy, training, and what of the network is another than the task's."""


def _implicit(
    updates: int, network: Mapping[str, Any] | None = None, noise: float = 0.0, **negatives: Any
) -> Candidate:
    chosen = CounterExampleConfig(**{"count": 64, **negatives})
    return (
        "implicit",
        TrainingConfig(updates, counter_examples=chosen, state_noise=noise),
        dict(network or {}),
    )


def _langevin(updates: int, **others: Any) -> Candidate:
    return _implicit(
        updates, **{"kind": "langevin", "count": 8, "langevin": LONG_STRIDES, "penalty": 1.0, **others}
    )


def _weighted(updates: int, **others: Any) -> Candidate:
    return _implicit(
        updates,
        **{"kind": "weighted", "count": 16, "candidates": 64, "penalty": 1.0, "corrected": True, **others},
    )


def _explicit(kind: str, updates: int, network: Mapping[str, Any] | None = None, **others: Any) -> Candidate:
    return kind, TrainingConfig(updates, **others), dict(network or {})


WIDE = {"width": 256}
CANDIDATES: dict[str, Candidate] = {
    "uniform-300": _implicit(300),
    "uniform": _implicit(1800),
    "penalty": _implicit(1800, penalty=1.0),
    "penalty-3": _implicit(1800, penalty=1.0, margin=3.0),
    "penalty-10": _implicit(1800, penalty=1.0, margin=10.0),
    "langevin": _langevin(1800),
    "langevin-3": _langevin(1800, margin=3.0),
    "langevin-10": _langevin(1800, margin=10.0),
    "weighted": _weighted(1800),
    "weighted-3": _weighted(1800, margin=3.0),
    "weighted-10": _weighted(1800, margin=10.0),
    "weighted-plain": _weighted(1800, corrected=False),
    "penalty-noise": _implicit(1800, noise=0.05, penalty=1.0),
    "langevin-noise": _langevin(1800, noise=0.05),
    "penalty-wide": _implicit(1800, WIDE, penalty=1.0),
    "langevin-wide": _langevin(1800, network=WIDE),
    "langevin-long": _langevin(5000),
    "langevin-prior": _langevin(1800, network={"prior_width": 32, "prior_scale": 1.0}),
    "langevin-prior-3": _langevin(1800, network={"prior_width": 32, "prior_scale": 3.0}),
    "weighted-3-prior": _weighted(1800, margin=3.0, network={"prior_width": 32, "prior_scale": 1.0}),
    "weighted-3-prior-3": _weighted(1800, margin=3.0, network={"prior_width": 32, "prior_scale": 3.0}),
    "cloning-300": _explicit("cloning", 300),
    "cloning": _explicit("cloning", 1800),
    "cloning-5000": _explicit("cloning", 5000),
    "cloning-wide": _explicit("cloning", 1800, WIDE),
    "cloning-noise": _explicit("cloning", 1800, state_noise=0.05),
    "mixture": _explicit("mixture", 1800),
}


def make_policy(task: str, candidate: Candidate, seed: int) -> Any:
    """Untrained."""
    kind, _, changes = candidate
    network: NetworkConfig = replace(recipe(task).network, **changes)
    if kind == "implicit":
        return ImplicitPolicy(PolicyConfig(network, members=2, bootstrap=True), seed=seed)
    config = PolicyConfig(network, members=1, bootstrap=False)
    return MixturePolicy(config, seed=seed) if kind == "mixture" else ExplicitPolicy(config, seed=seed)


def judge(task: str, name: str, seed: int, robots: int, steps: int) -> dict[str, Any]:
    """One candidate at one seed of first weights, batches and draws."""
    candidate = CANDIDATES[name]
    data = initial_dataset(task)
    begun = time.process_time()
    made = train(make_policy(task, candidate, seed), data, candidate[1], seed=seed).policy
    trained_s = time.process_time() - begun
    seen, done, _ = collect(task, 400, seeds.VALIDATION)
    held_out = evaluate(made, seen, done)
    figures = {"train_cpu_s": trained_s, "action_error": held_out.action_error, "nll": held_out.nll}
    return figures | unassisted(made, task, seed, robots, steps)


def unassisted(policy: Any, task: str, seed: int, robots: int, steps: int) -> dict[str, float]:
    """Reward, successes, violations and cost of deciding, of a fleet that gets hard resets alone."""
    fleet = make_fleet(task, robots, seeds.VALIDATION + seed)
    everyone = np.ones(robots, dtype=np.bool_)
    reward = successes = violations = 0.0
    unsure, effective = [], []
    begun, decided = time.process_time(), 0.0
    for step in range(steps):
        before = time.process_time()
        decision = policy.decide(fleet.observe(), step)
        decided += time.process_time() - before
        result = fleet.act(decision.actions, everyone)
        reward += float(result.reward.sum())
        successes += int((result.success & ~result.violation).sum())
        violations += int(result.violation.sum())
        unsure.append(decision.uncertainty.mean())
        effective.append(np.minimum(decision.effective_sample_size, 1e6).mean())
        fleet.reset(np.flatnonzero(result.done & ~result.violation).tolist())
        fleet.hard_reset(np.flatnonzero(result.violation).tolist())
    return {
        "reward_per_robot": reward / robots,
        "successes": successes,
        "violations": violations,
        "decide_ms_per_100": 1e5 * decided / steps / robots,
        "mean_uncertainty": float(np.mean(unsure)),
        "effective_sample_size": float(np.mean(effective)),
        "rollout_cpu_s": time.process_time() - begun,
    }


def main() -> None:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="+")
    parser.add_argument("--candidates", nargs="+", choices=list(CANDIDATES), default=list(CANDIDATES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--robots", type=int, default=20)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--out", type=Path, default=Path("out/recipes"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(machine())
    columns = ("action_error", "nll", "reward_per_robot", "successes", "violations", "decide_ms_per_100",
               "effective_sample_size", "mean_uncertainty", "train_cpu_s")  # fmt: skip
    for task in given.tasks:
        print(f"\n| {task}, {given.robots} × {given.steps} | seed | " + " | ".join(columns) + " |")
        print("|---|---|" + "---:|" * len(columns))
        for name in given.candidates:
            for seed in given.seeds:
                kept = given.out / f"{task}-{given.robots}x{given.steps}" / f"{name}-{seed}.json"
                if (figures := read_json(kept)) is None:
                    figures = judge(task, name, seed, given.robots, given.steps)
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    write_json(kept, figures)
                cells = ["–" if figures[column] is None else f"{figures[column]:.4g}" for column in columns]
                print(f"| {name} | {seed} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
