"""Does help make the policy better? One supervised run beside controls that had the same updates."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from iifl_server import seeds
from iifl_server.experiments.policies import initial_policy
from iifl_server.experiments.simulation import Simulation, retraining, start
from iifl_server.experiments.unassisted import evaluate_policy
from policy.learning.dataset import Dataset
from policy.learning.trainer import Policy
from robots.demonstrations import collect
from robots.registry import task_defaults

ARMS: Mapping[str, str] = {
    "supervised": "supervised, allocated by Jeffreys divergence",
    "control": "same updates, no new data",
    "offline": "same updates, as many new pushes collected offline",
    "random": "supervised, help allocated at random",
}


def supervised_arm(task: str, robots: int, supervisors: int, steps: int, seed: int) -> dict[str, Any]:
    """The method itself: figures of the trained policy, and what the controls must equal."""
    return _interactive(Simulation(task, "iifl", robots, supervisors, steps, seed))


def random_arm(
    task: str, robots: int, supervisors: int, steps: int, seed: int, supervised: Mapping[str, Any]
) -> dict[str, Any]:
    """Help allocated at random, within as many teleoperation actions as the method used."""
    budget = int(supervised["teleoperation_actions"])
    return _interactive(
        replace(Simulation(task, "iifl-random", robots, supervisors, steps, seed), random_budget=budget)
    )


def control_arm(
    task: str, robots: int, steps: int, seed: int, supervised: Mapping[str, Any], *, offline: bool
) -> dict[str, Any]:
    """The same retrainings on the initial data alone, or with as many pushes that were collected offline."""
    policy, threshold, dataset = initial_policy(task, "iifl")
    learn = retraining(task, seed)
    counts: Sequence[int] = supervised["samples_at_retraining"]
    fresh = collect(task, max(1, max(counts, default=1)), seeds.OFFLINE + seed) if offline else None
    every = task_defaults(task).retrain_every
    for number, count in enumerate(counts, start=1):
        data = dataset.append(fresh[0][:count], fresh[1][:count], "offline") if fresh and count else dataset
        policy = learn(policy, data, number * every)
    return _figures(policy, task, robots, steps, seed, threshold) | {
        "new_samples": counts[-1] if offline else 0
    }


def _interactive(simulation: Simulation) -> dict[str, Any]:
    run = start(simulation)
    initial = len(run.dataset)
    counts: list[int] = []
    inner = run.retrain
    assert inner is not None

    def counted(policy: Policy, dataset: Dataset, step: int) -> Policy:
        counts.append(len(dataset) - initial)
        trained: Policy = inner(policy, dataset, step)
        return trained

    run.retrain = counted
    for _ in range(simulation.steps):
        run.step()
    calls = [row["calls"] for row in run.history]
    third = simulation.steps // 3
    figures = _figures(
        run.policy,
        simulation.task,
        simulation.robots,
        simulation.steps,
        simulation.seed,
        run.config.uncertainty_threshold,
    )
    return figures | {
        "new_samples": len(run.dataset) - initial,
        "samples_at_retraining": counts,
        "teleoperation_actions": run.state.totals.teleoperation_actions,
        "calls_first_third": calls[third - 1],
        "calls_last_third": calls[-1] - calls[-third - 1],
        "supervised_run_successes": run.state.totals.successes,
        "supervised_run_rohe": run.state.metrics(run.config)["rohe"],
    }


def _figures(policy: Any, task: str, robots: int, steps: int, seed: int, threshold: float) -> dict[str, Any]:
    return dict(evaluate_policy(policy, task, robots=robots, steps=steps, seed=seed, threshold=threshold))
