"""A task from outside under the six algorithms, at sizes that follow from its defaults."""

from collections.abc import Sequence
from pathlib import Path

from iifl_server.errors import RequestError
from iifl_server.experiments.isaac_tasks import CALL_SHARE, method_claims
from iifl_server.experiments.protocol import ARMS, Size, Trial
from iifl_server.experiments.report import HEADINGS, Columns, Report, curves_figure
from iifl_server.learning.recipes import recipe
from iifl_server.names import BENCHMARKS, SCALES
from robots.fleet import RobotsError
from robots.lookup import canonical, find

_SMOKE_ROBOTS, _SMOKE_STEPS, _DESK_ROBOTS = 10, 60, 20
_EPISODES = {"desk": 10, "paper": 20}
"""Steps of a run, in episodes; never fewer than four retrainings take."""
_RETRAININGS = 4


def checked(name: str) -> str:
    """The one name of a task from outside that can be tried so; raises RequestError for any other."""
    try:
        task = find(name)
        known = canonical(name)
    except RobotsError as error:
        valid = ", ".join(BENCHMARKS)
        raise RequestError(
            f"there is no experiment {name!r}; valid are {valid}. As a task: {error}"
        ) from error
    if task.physical:
        raise RequestError(
            f"the robots of {name} are there: an experiment would run them for days. Let a simulated task "
            "like it be tried, and the real one by simulate"
        )
    if task.supervisor is None:
        raise RequestError(
            f"{name} has no algorithmic supervisor, which demonstrates and helps in an experiment; give its "
            "Task a `supervisor`"
        )
    return known


def size_of(task: str, scale: str) -> Size:
    """At smoke a few robots for some steps; at desk at most 20 robots; at paper the task's own fleet."""
    if scale not in SCALES:
        raise RequestError(f"scale is {scale!r}; valid are {', '.join(SCALES)}")
    defaults = find(task).defaults
    if scale == "smoke":
        robots, every = min(defaults.robots, _SMOKE_ROBOTS), _SMOKE_STEPS // _RETRAININGS
        return Size(1, robots, 1, _SMOKE_STEPS, every, (10, 20), defaults.demonstrations, 0.1)
    robots = min(defaults.robots, _DESK_ROBOTS) if scale == "desk" else defaults.robots
    supervisors = max(1, round(defaults.supervisors * robots / defaults.robots))
    steps = max(_EPISODES[scale] * defaults.episode_length, _RETRAININGS * defaults.retrain_every)
    calibration = (20, 250) if scale == "desk" else (100, 1000)
    return Size(3, robots, supervisors, steps, defaults.retrain_every, calibration, defaults.demonstrations)


def trials(task: str, scale: str, recipe_name: str) -> list[Trial]:
    """Six algorithms over the seeds, and beside them a û that keeps a promised share of calls."""
    size, percentile = size_of(task, scale), recipe(task).threshold_percentile
    seeds = range(size.seeds)
    found = [Trial(task, arm, seed, size, recipe_name, percentile) for seed in seeds for arm in ARMS]
    shared = [
        Trial(task, "iifl", seed, size, recipe_name, percentile, call_share=CALL_SHARE) for seed in seeds
    ]
    return found + shared


def report(task: str, out: Path, values: Columns, arms: Sequence[str]) -> Report:
    """Tables, claims and curves of one task."""
    curves_figure(out, "curves", arms, f"{task}: mean and range over seeds")
    return Report(
        title=f"{task}: a task from outside",
        headings=HEADINGS | {"violations": "violations"},
        claims=method_claims(values),
        figures=("curves",),
    )
