"""How fast robots get their supervisors: `assign` beside the sort and loop that one would write first."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iifl_server.experiments.performance.common import Options, Show, prepare
from policy.allocation import assign, uncertainty_constraint

SIZES = (100, 1_000, 10_000, 100_000)
ROBOTS_PER_SUPERVISOR = 100
UNSURE, VIOLATED = 0.05, 0.01
"""Shares of the fleet; at the first, five robots call for each supervisor."""
STEPS = 6
"""Consecutive steps; uncertainties move on, and who helps is what the step before decided."""
MINIMUM_STEPS = 3
"""t_T."""


@dataclass(frozen=True)
class Step:
    """What the allocation of one step is given, but for who helps already."""

    uncertainty: NDArray[np.float64]
    violated: NDArray[np.bool_]
    waiting: NDArray[np.int64]
    available: NDArray[np.bool_]


def run(options: Options, show: Show) -> dict[str, Any]:
    """Seconds of one step by size of the fleet, five robots calling for each supervisor, and at û = 0."""
    figures: dict[str, Any] = {"machine": prepare(options, show)}
    sizes = (100, 1_000) if options.smoke else SIZES
    figures["sizes"] = {str(robots): measure(robots, options, show) for robots in sizes}
    largest = figures["sizes"][str(sizes[-1])]
    figures |= {name: largest[name] for name in ("baseline_s", "ours_s", "ratio")}
    show("the same with a threshold of 0, where every robot calls:")
    figures["everyone_calls"] = measure(sizes[-1], options, show, everyone=True)
    return figures


def measure(robots: int, options: Options, show: Show, *, everyone: bool = False) -> dict[str, float]:
    """Median seconds a step of both, which must agree in every step; else AssertionError."""
    steps = make_steps(robots, np.random.default_rng((options.seed, robots)))
    threshold = 0.0 if everyone else float(np.quantile(steps[0].uncertainty, 1 - UNSURE))
    times: dict[str, list[float]] = {name: [] for name in ("baseline", "ours", "priorities")}
    for _ in range(options.repeats):
        ours = _none_yet(robots)
        theirs = _none_yet(robots).tolist()
        held = np.zeros(robots, dtype=np.int64)
        for step in steps:
            locked = (ours >= 0) & (held < MINIMUM_STEPS)
            doubts, broken, waits = step.uncertainty.tolist(), step.violated.tolist(), step.waiting.tolist()
            locks, present = locked.tolist(), step.available.tolist()

            begun = time.perf_counter()
            wanted = plain_priorities(doubts, broken, waits, threshold)
            theirs = plain_assignment(wanted, theirs, locks, present)
            times["baseline"].append(time.perf_counter() - begun)

            begun = time.perf_counter()
            priorities = uncertainty_constraint(step.uncertainty, threshold, step.violated, step.waiting)
            halfway = time.perf_counter()
            following = assign(priorities, ours, locked, step.available)
            times["ours"].append(time.perf_counter() - begun)
            times["priorities"].append(halfway - begun)

            if following.tolist() != theirs:
                raise AssertionError(f"{robots} robots: the two assignments differ")
            held = np.where((following == ours) & (following >= 0), held + 1, 0)
            ours = following
    baseline, mine, share = (median(times[name]) for name in ("baseline", "ours", "priorities"))
    show(
        f"{robots:>7} robots, {robots // ROBOTS_PER_SUPERVISOR:>4} supervisors: "
        f"plain {baseline * 1e3:8.3f} ms, ours {mine * 1e3:7.3f} ms, {baseline / mine:5.1f} times as fast; "
        f"priorities are {share / mine:.0%} of ours, assignment the rest"
    )
    return {
        "baseline_s": baseline,
        "ours_s": mine,
        "ratio": baseline / mine,
        "ours_priorities_s": share,
        "ours_assignment_s": mine - share,
    }


def make_steps(robots: int, draws: np.random.Generator) -> list[Step]:
    """Consecutive steps of a fleet whose uncertainties drift and in which few supervisors are on pause."""
    supervisors = robots // ROBOTS_PER_SUPERVISOR
    level = draws.normal(size=robots)
    steps = []
    for _ in range(STEPS):
        level = 0.9 * level + 0.44 * draws.normal(size=robots)
        steps.append(
            Step(
                uncertainty=np.exp(level),
                violated=draws.random(robots) < VIOLATED,
                waiting=draws.integers(-1, 20, robots),
                available=draws.random(supervisors) < 0.95,
            )
        )
    return steps


def plain_priorities(
    uncertainty: Sequence[float], violated: Sequence[bool], waiting: Sequence[int], threshold: float
) -> list[float]:
    """U.C., robot by robot."""
    priorities = []
    for doubt, broken, steps in zip(uncertainty, violated, waiting, strict=True):
        if broken:
            priorities.append(1 - 1 / (2 + max(steps, 0)))
        elif doubt > threshold:
            priorities.append(1 + doubt)
        else:
            priorities.append(0.0)
    return priorities


def plain_assignment(
    priorities: Sequence[float], current: Sequence[int], locked: Sequence[bool], available: Sequence[bool]
) -> list[int]:
    """Sort the robots that call, then hand out supervisors in that order."""
    assigned = [-1] * len(priorities)
    free = list(available)
    for robot, supervisor in enumerate(current):
        if supervisor >= 0 and locked[robot] and available[supervisor]:
            assigned[robot] = supervisor
            free[supervisor] = False
    calling = [robot for robot, urgency in enumerate(priorities) if urgency > 0 and assigned[robot] < 0]
    calling.sort(key=lambda robot: -priorities[robot])
    chosen = calling[: sum(free)]
    arriving = []
    for robot in chosen:
        supervisor = current[robot]
        if supervisor >= 0 and available[supervisor]:
            assigned[robot] = supervisor
            free[supervisor] = False
        else:
            arriving.append(robot)
    unused = (supervisor for supervisor, is_free in enumerate(free) if is_free)
    for robot, supervisor in zip(arriving, unused, strict=False):
        assigned[robot] = supervisor
    return assigned


def _none_yet(robots: int) -> NDArray[np.int64]:
    return np.full(robots, -1, dtype=np.int64)
