"""Making a policy from nothing: demonstrations, initial training, uncertainty threshold."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from iifl_server import seeds
from iifl_server.learning.calibrating import Calibration, calibrate, identity
from iifl_server.learning.datasets import demonstrations
from iifl_server.learning.recipes import CLONING, IMPLICIT, recipe
from policy.explicit import ExplicitPolicy
from policy.implicit import ImplicitPolicy
from policy.learning.checkpoint import save_checkpoint
from policy.learning.dataset import Dataset
from policy.learning.evaluation import evaluate
from policy.learning.trainer import Policy, train
from robots.demonstrations import collect
from robots.registry import task_defaults

Progress = Callable[[float, str], None]
CALIBRATION_ROBOTS, CALIBRATION_STEPS = Calibration.robots, Calibration.steps
HELD_OUT = 200
"""Demonstrated samples, at most, that a new policy is judged by; more only delay a first start."""


def initial_dataset(task: str, seed: int | None = None) -> Dataset:
    """The demonstrations that every policy of a task begins with."""
    observations, actions = demonstrations(task, recipe(task).data_seed if seed is None else seed)
    return Dataset(observations, actions, np.array("demonstration"))


def train_initial(
    task: str, kind: str, seed: int, progress: Progress, resume: Path | None = None
) -> tuple[Policy, dict[str, Any]]:
    """A policy trained from random weights and what it was made from; `resume` as in `train`."""
    plan = recipe(task)
    dataset = initial_dataset(task)
    config = plan.policy_config(kind)
    make: Any = ImplicitPolicy if kind == IMPLICIT else ExplicitPolicy
    made = train(
        make(config, seed=seed),
        dataset,
        plan.initial,
        seed=seed,
        progress=lambda done, figures: progress(done, f"member {int(figures['member']) + 1}"),
        resume=resume,
    )
    seen, done, _ = collect(task, min(len(dataset) // 2, HELD_OUT), seeds.HELD_OUT_DEMONSTRATIONS)
    held_out = evaluate(made.policy, seen, done)
    return made.policy, {
        "task": task,
        "seed": seed,
        "data_seed": plan.data_seed,
        "data_hash": made.data_hash,
        "trained_on": len(dataset),
        "updates": made.updates,
        "losses": list(made.losses),
        "training": plan.initial.to_dict(),
        "held_out_action_error": held_out.action_error,
        "held_out_nll": held_out.nll if kind == IMPLICIT else None,
    }


def make_checkpoint(
    task: str,
    kind: str,
    seed: int,
    path: Path,
    *,
    robots: int = CALIBRATION_ROBOTS,
    steps: int = CALIBRATION_STEPS,
    percentile: float | None = None,
    progress: Progress,
) -> dict[str, Any]:
    """Train, calibrate and write a checkpoint; returns its manifest. A single network has û = 0.

    percentile: of the recipe where None. Cut off, it goes on from files beside `path` when called again.
    """
    chosen = recipe(task).threshold_percentile if percentile is None else percentile
    calibration = Calibration(robots, steps, chosen)
    path.parent.mkdir(parents=True, exist_ok=True)
    training, calibrated = path.with_suffix(".training"), path.with_suffix(".calibration.json")
    policy, made = train_initial(
        task, kind, seed, lambda done, text: progress(done / 2, f"training, {text}"), resume=training
    )
    if kind == CLONING:
        found = {"uncertainty_threshold": 0.0, "percentiles": {}, **identity(policy, task, calibration)}
    else:
        found = calibrate(
            policy, task, calibration,
            lambda done, text: progress(0.5 + done / 2, f"calibrating, {text}"), calibrated,
        )  # fmt: skip
    kept = ("robots", "steps", "seed", "percentiles", "estimator", "weights_sha256")
    manifest = save_checkpoint(
        path,
        policy,
        **made,
        uncertainty_threshold=found["uncertainty_threshold"],
        threshold_percentile=chosen,
        calibration={name: found[name] for name in kept},
        episode_length=task_defaults(task).episode_length,
    )
    training.unlink(missing_ok=True)
    calibrated.unlink(missing_ok=True)
    return manifest
