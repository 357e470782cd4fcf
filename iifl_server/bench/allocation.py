"""How fast robots get their supervisors: `assign` beside the sort and loop that one would write first."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iifl_server.bench.common import Options, Show, prepare
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
    """Median seconds a step of both, which must agree in every step; else AssertionError.

    Each arm goes through all steps by itself, as a fleet would, and the arms take turns: the lists of one
    would push the arrays of the other out of the processor's cache.
    """
    steps = make_steps(robots, np.random.default_rng((options.seed, robots)))
    threshold = 0.0 if everyone else float(np.quantile(steps[0].uncertainty, 1 - UNSURE))
    times: dict[str, list[float]] = {name: [] for name in ("baseline", "ours", "priorities")}
    for _ in range(options.repeats):
        pairs = zip(_plain(steps, threshold, times), _ours(steps, threshold, times), strict=True)
        if not all(np.array_equal(one, other) for one, other in pairs):
            raise AssertionError(f"{robots} robots: the two assignments differ")
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


def _plain(steps: list[Step], threshold: float, times: dict[str, list[float]]) -> list[NDArray[np.int64]]:
    """Assignments after each step; lists are made just before the clock runs."""
    helpers = _Helpers(len(steps[0].uncertainty))
    for step in steps:
        doubts, broken, waits = step.uncertainty.tolist(), step.violated.tolist(), step.waiting.tolist()
        current, locks, present = helpers.current.tolist(), helpers.locked.tolist(), step.available.tolist()
        begun = time.perf_counter()
        wanted = plain_priorities(doubts, broken, waits, threshold)
        following = plain_assignment(wanted, current, locks, present)
        times["baseline"].append(time.perf_counter() - begun)
        helpers.follow(np.array(following))
    return helpers.history


def _ours(steps: list[Step], threshold: float, times: dict[str, list[float]]) -> list[NDArray[np.int64]]:
    """The same on arrays, made just before the clock runs as well."""
    helpers = _Helpers(len(steps[0].uncertainty))
    for step in steps:
        doubts, broken, waits = step.uncertainty.copy(), step.violated.copy(), step.waiting.copy()
        current, locks, present = helpers.current.copy(), helpers.locked, step.available.copy()
        begun = time.perf_counter()
        priorities = uncertainty_constraint(doubts, threshold, broken, waits)
        halfway = time.perf_counter()
        following = assign(priorities, current, locks, present)
        times["ours"].append(time.perf_counter() - begun)
        times["priorities"].append(halfway - begun)
        helpers.follow(following)
    return helpers.history


class _Helpers:
    """Who helps whom from step to step."""

    def __init__(self, robots: int) -> None:
        self.current = np.full(robots, -1, dtype=np.int64)
        self.held = np.zeros(robots, dtype=np.int64)
        self.history: list[NDArray[np.int64]] = []

    @property
    def locked(self) -> NDArray[np.bool_]:
        """Robots that keep their supervisor for now."""
        return (self.current >= 0) & (self.held < MINIMUM_STEPS)

    def follow(self, following: NDArray[np.int64]) -> None:
        """Take over the assignment of one step."""
        self.held = np.where((following == self.current) & (following >= 0), self.held + 1, 0)
        self.current = following
        self.history.append(following)


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
