"""Making a policy from nothing: demonstrations, initial training, uncertainty threshold."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iifl_server import seeds
from iifl_server.learning.datasets import demonstrations
from iifl_server.learning.recipes import CLONING, IMPLICIT, recipe
from policy.explicit import ExplicitPolicy
from policy.implicit import ImplicitPolicy
from policy.learning.checkpoint import save_checkpoint
from policy.learning.dataset import Dataset
from policy.learning.evaluation import evaluate
from policy.learning.trainer import Policy, train
from policy.uncertainty import calibrate_threshold
from robots.demonstrations import collect
from robots.registry import make_fleet, task_defaults

Progress = Callable[[float, str], None]
CALIBRATION_ROBOTS, CALIBRATION_STEPS = 100, 1000


def initial_dataset(task: str, seed: int | None = None) -> Dataset:
    """The demonstrations that every policy of a task begins with."""
    observations, actions = demonstrations(task, recipe(task).data_seed if seed is None else seed)
    return Dataset(observations, actions, np.array("demonstration"))


def train_initial(task: str, kind: str, seed: int, progress: Progress) -> tuple[Policy, dict[str, Any]]:
    """A policy trained from random weights and what it was made from."""
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
    )
    seen, done, _ = collect(task, len(dataset) // 2, seeds.HELD_OUT_DEMONSTRATIONS)
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


def unassisted_uncertainties(
    policy: Policy, task: str, robots: int, steps: int, seed: int, progress: Progress
) -> NDArray[np.float64]:
    """Uncertainties of every robot-step of a fleet that only gets hard resets, (steps, robots)."""
    fleet = make_fleet(task, robots, seed)
    uncertainties = np.empty((steps, robots))
    everyone = np.ones(robots, dtype=np.bool_)
    for step in range(steps):
        decision = policy.decide(fleet.observe(), step)
        uncertainties[step] = decision.uncertainty
        result = fleet.act(decision.actions, everyone)
        fleet.reset(np.flatnonzero(result.done & ~result.violation).tolist())
        fleet.hard_reset(np.flatnonzero(result.violation).tolist())
        progress((step + 1) / steps, f"step {step + 1} of {steps}")
    return uncertainties


def make_checkpoint(
    task: str,
    kind: str,
    seed: int,
    path: Path,
    *,
    robots: int = CALIBRATION_ROBOTS,
    steps: int = CALIBRATION_STEPS,
    progress: Progress,
) -> dict[str, Any]:
    """Train, calibrate and write a checkpoint; returns its manifest. A single network has û = 0."""
    policy, made = train_initial(task, kind, seed, lambda done, text: progress(done / 2, f"training, {text}"))
    threshold, spread = 0.0, {}
    if kind != CLONING:
        values = unassisted_uncertainties(
            policy, task, robots, steps, seeds.CALIBRATION,
            lambda done, text: progress(0.5 + done / 2, f"calibrating, {text}"),
        )  # fmt: skip
        threshold = calibrate_threshold(values, recipe(task).threshold_percentile)
        spread = {f"{q:g}": float(np.percentile(values, q)) for q in (50, 80, 90, 95, 99)}
    return save_checkpoint(
        path,
        policy,
        **made,
        uncertainty_threshold=threshold,
        threshold_percentile=recipe(task).threshold_percentile,
        calibration={"robots": robots, "steps": steps, "seed": seeds.CALIBRATION, "percentiles": spread},
        episode_length=task_defaults(task).episode_length,
    )
