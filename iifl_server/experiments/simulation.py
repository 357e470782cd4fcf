"""One headless run on disk: begins, saves itself as it goes, and goes on when it is called again."""

import csv
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from iifl_server import seeds
from iifl_server.errors import RequestError
from iifl_server.experiments.lockstep import Lockstep, Retrain, Timings
from iifl_server.experiments.policies import initial_policy
from iifl_server.experiments.results import write_json
from iifl_server.learning.calibrating import Calibration, calibrate
from iifl_server.learning.recipes import recipe
from policy.allocation.risk import RiskMonitor
from policy.allocation.safety_critic import CriticConfig, SafetyCritic
from policy.learning.checkpoint import load_checkpoint, save_checkpoint
from policy.learning.dataset import Dataset
from policy.learning.trainer import train
from policy.supervision import SupervisionConfig, SupervisionState
from policy.supervision.config import Priority
from robots.registry import find_backend, make_fleet, make_supervisors, task_defaults

ALGORITHMS = ("bc", "ibc", "ifl", "iifl", "iifl-random")
PRIORITIES = ("uncertainty_constraint", "constraint_uncertainty", "constraint_uncertainty_risk")
DESCRIBED = ("task", "algorithm", "robots", "supervisors", "steps", "seed")
SAVE_EVERY = 25
SEEING_CAPACITY = 2_000
"""Transitions that a safety critic keeps where observations are images."""
Progress = Callable[[int, dict[str, float]], None]
Calibrating = Callable[[float, str], None]


@dataclass(frozen=True)
class Simulation:
    """What decides one headless run."""

    task: str
    algorithm: str
    robots: int
    supervisors: int
    steps: int
    seed: int
    random_budget: int = 0
    """iifl-random: teleoperation actions it may use; 0 takes what U.C. at its percentile would."""
    priority: str = ""
    """Allocation of ifl and iifl, one of PRIORITIES; U.C. where it is empty."""
    risk_threshold: float = 0.5
    """For C.U.R."""
    call_share: float = 0.0
    """ifl and iifl: share of robot-steps that may call, by a running threshold; at 0 it is fixed."""
    threshold: float | None = None
    """ifl and iifl: û; None takes the policy's own, or `calibration`'s."""
    calibration: Calibration | None = None
    """ifl and iifl: finds û before the run, on the policy that the run begins with."""
    backend: str = ""
    """What simulates the robots; the task's own where it is empty, which stands for that one's name too."""

    def __post_init__(self) -> None:
        task_defaults(self.task)
        if find_backend(self.task, self.backend or None) == find_backend(self.task, None):
            object.__setattr__(self, "backend", "")  # A run is the same whether its default was named or not.
        if self.algorithm not in ALGORITHMS:
            raise RequestError(f"algorithm is {self.algorithm!r}; valid are {', '.join(ALGORITHMS)}")
        if self.supervisors > self.robots:
            raise RequestError(
                f"supervisors is {self.supervisors}, more than the {self.robots} robots; a supervisor helps "
                f"one robot at a time, valid is 0 to {self.robots}"
            )

        if self.priority and self.priority not in PRIORITIES:
            raise RequestError(f"priority is {self.priority!r}; valid are {', '.join(PRIORITIES)}")
        asks = (self.priority, self.call_share, self.calibration is not None, self.threshold is not None)
        if any(asks) and self.algorithm not in ("ifl", "iifl"):
            raise RequestError(
                f"algorithm is {self.algorithm!r}, which calls for help without a threshold; priority, "
                "call_share, threshold and calibration are valid for ifl and iifl"
            )
        if self.threshold is not None and self.calibration is not None:
            raise RequestError(f"threshold is {self.threshold} and calibration is asked for; valid is one")
        supervision_config(self, self.threshold or 0.0)  # refuses what no fleet can be supervised by

    @property
    def interactive(self) -> bool:
        """Whether people's teleoperation is asked for and learned from."""
        return self.algorithm in ("ifl", "iifl", "iifl-random")


def run_simulation(
    simulation: Simulation, out: Path, progress: Progress, calibrating: Calibrating | None = None
) -> dict[str, Any]:
    """Run, or go on with, one simulation in a folder; returns and writes metrics.json.

    calibrating: hears how far a calibration is, as the share that is done. Raises RequestError where the
    folder holds another simulation.
    """
    files = _Files(out)
    files.claim(simulation)
    if files.metrics.exists():
        return dict(json.loads(files.metrics.read_text()))
    run = start(simulation, files.calibration, calibrating)
    if files.state.exists():
        files.load(run)
    begun, before = time.perf_counter(), run.timings.wall_s
    while run.state.step < simulation.steps:
        run.step()
        run.timings.wall_s = before + time.perf_counter() - begun
        progress(run.state.step, run.history[-1])
        if run.state.step % SAVE_EVERY == 0 and run.state.step < simulation.steps:
            files.save(run)
    metrics = summary(simulation, run)
    files.write_history(run.history)
    write_json(files.metrics, metrics)
    return metrics


def start(
    simulation: Simulation, calibrated: Path | None = None, calibrating: Calibrating | None = None
) -> Lockstep:
    """A run before its first step; a calibration is kept in the file `calibrated`."""
    fleet = make_fleet(
        simulation.task, simulation.robots, seeds.RUNS + simulation.seed, simulation.backend or None
    )
    policy, threshold, dataset = initial_policy(simulation.task, simulation.algorithm)
    if simulation.threshold is not None:
        threshold = simulation.threshold
    if simulation.calibration is not None:
        hears = calibrating or (lambda done, text: None)
        found = calibrate(policy, simulation.task, simulation.calibration, hears, calibrated)
        threshold = found["uncertainty_threshold"]
    return Lockstep(
        config=supervision_config(simulation, threshold),
        fleet=fleet,
        supervisors=make_supervisors(simulation.task, simulation.supervisors, simulation.seed),
        policy=policy,
        dataset=dataset,
        seed=simulation.seed,
        retrain=retraining(simulation.task, simulation.seed) if simulation.interactive else None,
        monitor=risk_monitor(simulation, dataset),
    )


def risk_monitor(simulation: Simulation, dataset: Dataset) -> RiskMonitor | None:
    """For C.U.R. alone; it warns of nothing before its first training."""
    if simulation.priority != "constraint_uncertainty_risk":
        return None
    shapes = dataset.observations.shape[1:], dataset.actions.shape[1]
    if len(shapes[0]) == 1:
        return RiskMonitor(SafetyCritic(CriticConfig(*shapes), simulation.seed))
    config = CriticConfig(*shapes, updates=200, batch_size=64)  # images cost more
    return RiskMonitor(SafetyCritic(config, simulation.seed), SEEING_CAPACITY)


def supervision_config(simulation: Simulation, threshold: float) -> SupervisionConfig:
    """How this algorithm's fleet is supervised."""
    defaults = task_defaults(simulation.task)
    plain: Priority = "uncertainty_constraint" if simulation.interactive else "constraint"
    priority = cast(Priority, simulation.priority) or plain
    config = SupervisionConfig(
        robots=simulation.robots,
        supervisors=simulation.supervisors,
        uncertainty_threshold=threshold,
        minimum_intervention_steps=defaults.minimum_intervention_steps,
        hard_reset_steps=defaults.hard_reset_steps,
        retrain_every=defaults.retrain_every if simulation.interactive else 0,
        episode_length=defaults.episode_length,
        seed=simulation.seed,
        priority=priority,
        risk_threshold=simulation.risk_threshold,
        call_share=simulation.call_share,
    )
    if simulation.algorithm != "iifl-random":
        return config
    share = 1.0 - recipe(simulation.task).threshold_percentile / 100.0
    robot_steps = simulation.robots * simulation.steps
    budget = simulation.random_budget or round(robot_steps * share * config.minimum_intervention_steps)
    calls = budget / config.minimum_intervention_steps
    return replace(
        config, priority="random", random_budget=budget, random_probability=min(1.0, calls / robot_steps)
    )


def retraining(task: str, seed: int) -> Retrain:
    """What `Lockstep.retrain` calls: train on the aggregated dataset from the present weights."""
    config = recipe(task).retraining

    def retrain(policy: Any, dataset: Dataset, step: int) -> Any:
        return train(policy, dataset, config, seed=seed + step).policy

    return retrain


def summary(simulation: Simulation, run: Lockstep) -> dict[str, Any]:
    """metrics.json of a run."""
    timings = run.timings
    return {
        **{name: value for name, value in asdict(simulation).items() if name in DESCRIBED},
        "backend": find_backend(simulation.task, simulation.backend or None),
        "priority": run.config.priority,
        **run.state.metrics(run.config),
        "uncertainty_threshold": run.config.uncertainty_threshold,
        "wall_s": round(timings.wall_s, 3),
        "inference_s": round(timings.inference_s, 3),
        "uncertainty_s": round(timings.uncertainty_s, 3),
        "training_s": round(timings.training_s, 3),
    }


class _Files:
    """The files of one run; the state is written whole or not at all."""

    def __init__(self, out: Path) -> None:
        self.request = out / "simulation.json"
        self.metrics = out / "metrics.json"
        self.history = out / "metrics.csv"
        self.state = out / "resume.npz"
        self.calibration = out / "calibration.json"
        self.policy = out / "policy.safetensors"
        self.dataset = out / "dataset.npz"

    def claim(self, simulation: Simulation) -> None:
        """Enter what this folder holds, or check that it is the same."""
        wanted = asdict(simulation)
        plain = {field.name: field.default for field in fields(simulation)}
        if not self.request.exists():
            write_json(self.request, wanted)
            return
        found = json.loads(self.request.read_text())
        found = plain | found  # a folder of before there was a setting ran with its default
        other = {name: found[name] for name in wanted if found[name] != wanted[name]}
        if other:
            raise RequestError(
                f"{self.request.parent} holds another run ({other}); "
                "choose another --out or remove the folder"
            )

    def save(self, run: Lockstep) -> None:
        """Everything that decides the rest of the run; `resume.npz` comes last and makes the save valid."""
        marks = f"step-{run.state.step}"
        save_checkpoint(self.policy.with_stem(f"policy-{marks}"), run.policy)  # type: ignore[arg-type]
        run.dataset.save(self.dataset.with_stem(f"dataset-{marks}"))
        arrays: dict[str, NDArray[Any]] = {
            f"fleet/{name}": array for name, array in run.fleet.snapshot().items()
        }
        for seat, supervisor in enumerate(run.supervisors):
            arrays |= {f"supervisor {seat}/{name}": array for name, array in supervisor.snapshot().items()}
        if run.monitor:
            arrays |= {f"monitor/{name}": array for name, array in run.monitor.snapshot().items()}
        plain = {
            "marks": marks,
            "state": run.state.to_dict(),
            "history": run.history,
            "timings": asdict(run.timings),
        }
        arrays["plain"] = np.frombuffer(json.dumps(plain).encode(), dtype=np.uint8)
        partial = self.state.with_suffix(".part")
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        partial.replace(self.state)
        for kept in (self.policy, self.dataset):
            for old in kept.parent.glob(f"{kept.stem}-step-*{kept.suffix}"):
                if not old.stem.endswith(marks):
                    old.unlink()

    def load(self, run: Lockstep) -> None:
        """Bring a fresh run to where the saved one was."""
        with np.load(self.state, allow_pickle=False) as arrays:
            plain = json.loads(arrays["plain"].tobytes())
            parts: dict[str, dict[str, NDArray[Any]]] = {}
            for key in arrays.files:
                owner, _, name = key.partition("/")
                parts.setdefault(owner, {})[name] = arrays[key]
        run.fleet.restore(parts["fleet"])
        for seat, supervisor in enumerate(run.supervisors):
            supervisor.restore(parts[f"supervisor {seat}"])
        if run.monitor:
            run.monitor.restore(parts["monitor"])
        run.policy = load_checkpoint(self.policy.with_stem(f"policy-{plain['marks']}"))[0]
        run.dataset = Dataset.load(self.dataset.with_stem(f"dataset-{plain['marks']}"))
        run.state = SupervisionState.from_dict(plain["state"])
        run.history = plain["history"]
        run.timings = Timings(**plain["timings"])

    def write_history(self, history: list[dict[str, float]]) -> None:
        """One row per step, cumulative."""
        with self.history.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(history[0]))
            writer.writeheader()
            writer.writerows(history)
