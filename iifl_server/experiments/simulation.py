"""One headless run on disk: begins, saves itself as it goes, and goes on when it is called again."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

from iifl_server import seeds
from iifl_server.errors import RequestError
from iifl_server.experiments.lockstep import Lockstep, Retrain
from iifl_server.experiments.policies import initial_policy
from iifl_server.experiments.results import read_json, write_json
from iifl_server.experiments.run_files import RunFiles, let_go
from iifl_server.learning.calibrating import ByDistance, Calibration, calibrate
from iifl_server.learning.recipes import recipe
from iifl_server.names import HEADLESS_ALGORITHMS, LARGEST_SEED, PRIORITIES
from policy.allocation.risk import RiskMonitor
from policy.allocation.safety_critic import CriticConfig, SafetyCritic
from policy.learning.dataset import Dataset
from policy.learning.trainer import train
from policy.supervision import SupervisionConfig
from policy.supervision.config import Priority
from policy.uncertainty.nearest import NearestSample
from robots.in_step import InStep
from robots.registry import find_backend, make_fleet, make_supervisors, task_defaults

CALLING = ("ifl", "iifl", "iifl-nearest")
"""Algorithms whose robots call for help above a threshold."""
DISTANCES = (20, 200)
"""Robots and steps that û of iifl-nearest comes from, unless a calibration is asked for."""
DESCRIBED = ("task", "algorithm", "robots", "supervisors", "steps", "seed")
SAVE_EVERY = 25
LARGEST_SAVING_SHARE = 0.02
"""Of a run's time: a save that takes long is followed by the next one later."""
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
        if self.algorithm not in HEADLESS_ALGORITHMS:
            raise RequestError(f"algorithm is {self.algorithm!r}; valid are {', '.join(HEADLESS_ALGORITHMS)}")
        if self.supervisors > self.robots:
            raise RequestError(
                f"supervisors is {self.supervisors}, more than the {self.robots} robots; a supervisor helps "
                f"one robot at a time, valid is 0 to {self.robots}"
            )

        if not 0 <= self.seed <= LARGEST_SEED:
            raise RequestError(f"seed is {self.seed}; valid is 0 to {LARGEST_SEED}")
        if self.threshold == math.inf:
            raise RequestError("uncertainty_threshold is inf; valid is a finite number from 0")
        if self.priority and self.priority not in PRIORITIES:
            raise RequestError(f"priority is {self.priority!r}; valid are {', '.join(PRIORITIES)}")
        asks = (self.priority, self.call_share, self.calibration is not None, self.threshold is not None)
        if any(asks) and self.algorithm not in CALLING:
            raise RequestError(
                f"algorithm is {self.algorithm!r}, which calls for help without a threshold; priority, "
                f"call_share, threshold and calibration are valid for {', '.join(CALLING)}"
            )
        if self.threshold is not None and self.calibration is not None:
            raise RequestError(f"threshold is {self.threshold} and calibration is asked for; valid is one")
        supervision_config(self, self.threshold or 0.0)  # refuses what no fleet can be supervised by

    @property
    def interactive(self) -> bool:
        """Whether people's teleoperation is asked for and learned from."""
        return self.algorithm in (*CALLING, "iifl-random")


def run_simulation(
    simulation: Simulation, out: Path, progress: Progress, calibrating: Calibrating | None = None
) -> dict[str, Any]:
    """Run, or go on with, one simulation in a folder; returns and writes metrics.json.

    calibrating: hears how far a calibration is, as the share that is done. Raises RequestError where the
    folder holds another simulation.
    """
    files = RunFiles(out)
    files.claim(asdict(simulation), {field.name: field.default for field in fields(simulation)})
    if (finished := read_json(files.metrics)) is not None:
        return dict(finished)
    run = files.load(lambda: start(simulation, files.calibration, calibrating))
    try:
        drive(run, files, simulation.steps, asdict(simulation), progress)
    finally:
        let_go(run)
    metrics = summary(simulation, run)
    files.write_history(run.history)
    write_json(files.metrics, metrics)
    return metrics


def drive(
    run: Lockstep, files: RunFiles, steps: int, description: dict[str, Any], progress: Progress
) -> None:
    """Step a run to its end, with saves on the way that take no more than a small share of the time."""
    begun, before, after = time.perf_counter(), run.timings.wall_s, 0.0
    every = 1 if isinstance(run.fleet, InStep) else SAVE_EVERY  # What robots that are there did is done.
    while run.state.step < steps:
        run.step()
        run.timings.wall_s = before + time.perf_counter() - begun
        progress(run.state.step, run.history[-1])
        due = run.state.step % every == 0 and time.perf_counter() > after
        if due and run.state.step < steps:
            saving = time.perf_counter()
            files.save(run, description)
            saved_s = time.perf_counter() - saving
            run.timings.saving_s += saved_s
            after = saving + saved_s / LARGEST_SAVING_SHARE


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
    by_distance = simulation.algorithm == "iifl-nearest"
    nearest = NearestSample(dataset.observations) if by_distance else None
    calibration = simulation.calibration
    if nearest and calibration is None and simulation.threshold is None:  # The policy's own û is none of it.
        calibration = Calibration(*DISTANCES, recipe(simulation.task).threshold_percentile)
    if calibration is not None:
        hears = calibrating or (lambda done, text: None)
        asked: Any = ByDistance(policy, nearest) if nearest else policy
        found = calibrate(asked, simulation.task, calibration, hears, calibrated)
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
        nearest=nearest,
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
    return {
        **{name: value for name, value in asdict(simulation).items() if name in DESCRIBED},
        "backend": find_backend(simulation.task, simulation.backend or None),
        **achieved(run),
    }


def achieved(run: Lockstep) -> dict[str, Any]:
    """What a run came to, and where its time went."""
    timings = {**asdict(run.timings), "rest_s": run.timings.rest_s}
    return {
        "priority": run.config.priority,
        **run.state.metrics(run.config),
        "uncertainty_threshold": run.config.uncertainty_threshold,
        **{name: round(seconds, 3) for name, seconds in timings.items()},
    }
