"""One trial: made from nothing but its description, resumed where it was cut off, its result a file."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock

from iifl_server import seeds
from iifl_server.experiments.lockstep import Lockstep, Retrain
from iifl_server.experiments.protocol import Trial, minimum_steps
from iifl_server.experiments.results import read_json, write_json
from iifl_server.experiments.run_files import RunFiles
from iifl_server.experiments.simulation import achieved, drive
from iifl_server.learning.calibrating import ByDistance, Calibration, calibrate
from iifl_server.learning.recipes import CLONING, ENSEMBLE, IMPLICIT
from policy.explicit import ExplicitPolicy
from policy.implicit import ImplicitPolicy
from policy.learning.checkpoint import load_checkpoint, save_checkpoint
from policy.learning.dataset import Dataset
from policy.learning.files import read_arrays, write_arrays
from policy.learning.trainer import train
from policy.supervision import SupervisionConfig
from policy.supervision.config import Priority
from policy.uncertainty.nearest import NearestSample
from robots.demonstrations import collect
from robots.registry import make_fleet, make_supervisors, task_defaults

Progress = Callable[[float, str], None]
"""Takes the share that is done, and at what it is."""
RESULT = "result.json"
AUTONOMOUS_TRIALS = 100
"""Robots that try navigation alone after training (Section 5.1)."""
_KINDS = {"bc": CLONING, "ifl": ENSEMBLE}
_BEGINNING, _END = 0.3, 0.97  # Shares of a trial's time, roughly: before its first step, and up to its last.


@dataclass(frozen=True)
class Piece:
    """A trial of an experiment whose folder is `out`, as a piece of a grid's work."""

    trial: Trial
    out: str

    @property
    def name(self) -> str:
        return self.trial.name

    @property
    def follows(self) -> str:
        return self.trial.follows

    @property
    def cost(self) -> float:
        return self.trial.cost


def run_piece(piece: Piece, followed: dict[str, Any] | None, progress: Progress) -> dict[str, Any]:
    """`run_trial` of a piece, for a grid."""
    return run_trial(piece.trial, Path(piece.out), progress, followed)


def run_trial(
    trial: Trial, out: Path, progress: Progress, followed: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Run, or go on with, one trial; `out` is its experiment's folder, where initial policies are shared.

    followed: the result of the trial that this one follows (`Trial.follows`). Returns and writes its result.
    Raises RequestError where the folder holds another trial.
    """
    folder = out / "trials" / trial.name
    folder.mkdir(parents=True, exist_ok=True)
    files = RunFiles(folder)
    files.claim(trial.to_dict(), {"familiarity": 0.0})
    if (finished := read_json(folder / RESULT)) is not None:
        return dict(finished)
    description = trial.to_dict()
    run = files.load(
        lambda: begin(trial, out, lambda done, text: progress(_BEGINNING * done, text), followed)
    )

    def show(step: int, row: dict[str, float]) -> None:
        share = _BEGINNING + (_END - _BEGINNING) * step / trial.size.steps
        progress(share, f"step {step}, {int(row['successes'])} successes, {int(row['hard_resets'])} resets")

    drive(run, files, trial.size.steps, description, show)
    result = {"trial": description, **achieved(run), "samples": len(run.dataset)}
    if trial.task == "navigation":
        result["autonomous_success_rate"] = autonomous_success_rate(run.policy, trial)
    files.write_history(run.history)
    save_checkpoint(folder / "policy.safetensors", run.policy)  # type: ignore[arg-type]
    write_json(folder / RESULT, result)
    files.forget()
    progress(1.0, "done")
    return result


def begin(trial: Trial, out: Path, progress: Progress, followed: dict[str, Any] | None) -> Lockstep:
    """A trial before its first step."""
    dataset = demonstrations(trial, out)
    policy, threshold = beginning(trial, out, dataset, progress)
    nearest = NearestSample(dataset.observations) if trial.algorithm == "iifl-nearest" else None
    return Lockstep(
        config=_supervision(trial, threshold, followed),
        fleet=make_fleet(trial.task, trial.size.robots, seeds.RUNS + trial.seed),
        supervisors=make_supervisors(trial.task, trial.size.supervisors, trial.seed),
        policy=policy,
        dataset=dataset,
        seed=trial.seed,
        retrain=_retraining(trial) if trial.learns else None,
        nearest=nearest,
    )


def kind_of(trial: Trial) -> str:
    """Kind of policy that its algorithm runs."""
    return _KINDS.get(trial.algorithm, IMPLICIT)


def demonstrations(trial: Trial, out: Path) -> Dataset:
    """What every policy of a seed begins with; made once for all algorithms."""
    path = out / "starts" / f"demonstrations-{trial.size.demonstrations}-{trial.seed}.npz"
    with _once(path):
        kept = read_arrays(path)
        if kept is None:
            observations, actions, _ = collect(
                trial.task, trial.size.demonstrations, seeds.DEMONSTRATIONS + trial.seed
            )
            kept = {"observations": observations, "actions": actions}
            write_arrays(path, kept)
    return Dataset(kept["observations"], kept["actions"], np.array("demonstration"))


def beginning(trial: Trial, out: Path, dataset: Dataset, progress: Progress) -> tuple[Any, float]:
    """Policy and û that a trial begins with; trials that need the same one at once make it once."""
    kind = kind_of(trial)
    path = out / "starts" / f"{kind}-{trial.seed}-{_digest(trial, kind)}.safetensors"
    with _once(path):
        if not path.exists():
            _make(trial, kind, path, dataset, lambda done, text: progress(0.7 * done, text))
        policy: Any = load_checkpoint(path)[0]
        if kind == IMPLICIT and (weight := trial.plan(kind).familiarity):
            policy = policy.remembering(torch.from_numpy(np.array(dataset.observations)), weight)
        if trial.threshold is not None or trial.algorithm not in ("ifl", "iifl", "iifl-nearest"):
            return policy, trial.threshold or 0.0
        calibration = Calibration(*trial.size.calibration, trial.percentile)
        near = trial.algorithm == "iifl-nearest"
        asked: Any = ByDistance(policy, NearestSample(dataset.observations)) if near else policy
        kept = path.with_name(f"{path.stem}-{asked.estimator}-threshold.json")
        found = calibrate(
            asked,
            trial.task,
            calibration,
            lambda done, text: progress(0.7 + 0.3 * done, f"calibrating, {text}"),
            kept,
        )
    return policy, float(found["uncertainty_threshold"])


def autonomous_success_rate(policy: Any, trial: Trial) -> float:
    """Per cent of robots that reach the goal in their first episode, with nobody to help or to reset."""
    fleet = make_fleet(trial.task, AUTONOMOUS_TRIALS, seeds.EVALUATION + trial.seed)
    going = np.ones(fleet.size, dtype=np.bool_)
    reached = np.zeros(fleet.size, dtype=np.bool_)
    for step in range(fleet.episode_length):
        decision = policy.decide(fleet.observe(), step, uncertainty=False)
        result = fleet.act(decision.actions, going)
        reached |= going & result.success & ~result.violation
        going &= ~(result.done | result.violation)
        if not going.any():
            break
    return 100.0 * float(reached.mean())


def _make(trial: Trial, kind: str, path: Path, dataset: Dataset, progress: Progress) -> None:
    plan = trial.plan(kind)
    # Weights serve any weight of familiarity; what is known is told whoever begins with them.
    config = replace(plan.policy_config(kind), bootstrap_seed=trial.seed, familiarity=0.0)
    make: Any = ImplicitPolicy if kind == IMPLICIT else ExplicitPolicy
    resume = path.with_suffix(".training")
    made = train(
        make(config, seed=trial.seed),
        dataset,
        plan.initial,
        seed=trial.seed,
        progress=lambda done, figures: progress(done, f"training, network {int(figures['member']) + 1}"),
        resume=resume,
    )
    save_checkpoint(path, made.policy, seed=trial.seed, updates=made.updates, trained_on=len(dataset))
    resume.unlink(missing_ok=True)


def _digest(trial: Trial, kind: str) -> str:
    """What decides initial weights, in eight letters: a changed recipe finds no weights of the old one."""
    plan = trial.plan(kind)
    made_by = [asdict(plan.network), plan.initial.to_dict(), trial.size.demonstrations]
    return hashlib.sha256(json.dumps(made_by, sort_keys=True).encode()).hexdigest()[:8]


def _supervision(trial: Trial, threshold: float, followed: dict[str, Any] | None) -> SupervisionConfig:
    stay, reset = minimum_steps(trial.task)
    priority: Priority = "constraint" if trial.algorithm in ("bc", "ibc") else "uncertainty_constraint"
    config = SupervisionConfig(
        robots=trial.size.robots,
        supervisors=trial.size.supervisors,
        uncertainty_threshold=threshold,
        minimum_intervention_steps=stay,
        hard_reset_steps=reset,
        retrain_every=(1 if trial.each_step else trial.size.retrain_every) if trial.learns else 0,
        priority=priority,
        episode_length=task_defaults(trial.task).episode_length,
        seed=trial.seed,
        call_share=trial.call_share if trial.algorithm != "iifl-random" else 0.0,
    )
    if trial.algorithm != "iifl-random":
        return config
    assert followed is not None, trial.follows
    budget = int(followed["teleoperation_actions"])
    chance = min(1.0, budget / (stay * trial.size.robots * trial.size.steps))
    return replace(config, priority="random", random_budget=budget, random_probability=chance)


def _retraining(trial: Trial) -> Retrain:
    config = trial.plan(kind_of(trial)).retraining

    def retrain(policy: Any, dataset: Dataset, step: int) -> Any:
        return train(policy, dataset, config, seed=trial.seed + step).policy

    return retrain


def _once(path: Path) -> FileLock:
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path.with_name(f".{path.stem}.lock"))
