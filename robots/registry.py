"""Tasks by reference: their fleets and supervisors, and their defaults."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

import numpy as np

from robots import builtin
from robots.fleet import Fleet, FleetError, RobotsError, Spaces, Supervisor
from robots.in_step import InStep
from robots.lookup import find, outside, told
from robots.physical import PhysicalFleet
from robots.randomness import check_seed
from robots.task import Task, TaskDefaults

_OF_A_FLEET = ("task", "size", "spaces", "episode_length", "observe", "act", "reset", "hard_reset", "frames")
_OF_A_PHYSICAL_FLEET = (
    "task", "size", "spaces", "episode_length", "resets_itself", "sure", "slowest_s", "conditions", "observe",
    "begin", "ended", "stop", "release", "reset", "hard_reset", "frames", "close",
)  # fmt: skip
_OF_A_SUPERVISOR = ("name", "actions", "snapshot", "restore")


def task_names() -> tuple[str, ...]:
    """Names of the tasks that come with the project, in alphabetical order."""
    return tuple(sorted(builtin.TASKS))


def outside_names() -> tuple[str, ...]:
    """Names of the tasks that installed packages register, in alphabetical order; none of them is loaded."""
    return tuple(sorted(set(outside()) - set(builtin.TASKS)))


def task_defaults(task: str) -> TaskDefaults:
    """The defaults of a task; raises FleetError for an unknown one."""
    return find(task).defaults


def is_physical(task: str) -> bool:
    """Whether a task's robots are there, not simulated; raises FleetError for an unknown one."""
    return find(task).physical


def task_spaces(task: str) -> Spaces:
    """Shapes of what a task's robots see and do; raises FleetError as `make_fleet` does."""
    return find(task).spaces or _spaces_of(task)


def backend_names(task: str) -> tuple[str, ...]:
    """What a task can be simulated by, its default first; raises FleetError for an unknown task."""
    kind = find(task)
    return (kind.backend, *kind.others)


def find_backend(task: str, backend: str | None) -> str:
    """The name of the backend, the task's default for None; raises FleetError for one it does not have."""
    names = backend_names(task)
    if backend is not None and backend not in names:
        raise FleetError(f"{task} has no backend {backend!r}; valid are: {', '.join(names)}")
    return backend or names[0]


def make_fleet(task: str, robots: int, seed: int, backend: str | None = None) -> Fleet:
    """A new fleet of 1 to 1000 robots on a backend, the task's default unless given.

    One of robots that are there goes step by step (robots.in_step). Raises FleetError for an unknown task, a
    backend that it does not have or that is not installed, a bad number, or a task whose fleet fails.
    """
    kind = find(task)
    name = find_backend(task, backend)
    if kind.physical and name == kind.backend:
        return InStep(make_physical_fleet(task, robots, seed))
    make = kind.fleet if name == kind.backend else kind.others[name]
    return cast(Fleet, _made(task, "fleet", _OF_A_FLEET, make, robots, seed))


def make_physical_fleet(task: str, robots: int, seed: int) -> PhysicalFleet:
    """The fleet of a task whose robots are there; raises FleetError as `make_fleet`, and for another task."""
    kind = find(task)
    if not kind.physical:
        raise FleetError(f"the robots of {task} are simulated; a physical fleet is one of a physical task")
    made = _made(task, "fleet", _OF_A_PHYSICAL_FLEET, kind.fleet, robots, seed)
    return cast(PhysicalFleet, made)


def make_demonstration_fleet(task: str, robots: int, seed: int) -> Fleet:
    """Like `make_fleet`, but as it is when demonstrations are collected: navigation without its wind.

    Raises FleetError for robots that are there, unless their Task gives a simulated fleet for it.
    """
    kind = find(task)
    if kind.demonstrations is None and kind.physical:
        raise FleetError(
            f"the robots of {task} are there, and nobody would watch them; give its Task `demonstrations`, a "
            "simulated fleet like it"
        )
    if kind.demonstrations is None:
        return make_fleet(task, robots, seed)
    made = _made(task, "fleet of demonstrations", _OF_A_FLEET, kind.demonstrations, robots, seed)
    return cast(Fleet, made)


def make_unassisted_fleet(task: str, robots: int, seed: int) -> Fleet:
    """Like `make_fleet`, for policies that nobody watches: never of robots that are there.

    Theirs is the fleet of demonstrations; raises FleetError where there is none.
    """
    return (make_demonstration_fleet if is_physical(task) else make_fleet)(task, robots, seed)


def make_supervisors(task: str, count: int, seed: int) -> list[Supervisor]:
    """Algorithmic supervisors of a task: kinds 1, 2, 1, 2 and so on, each with noise of its own.

    The first ones are the same whatever the count is. Raises FleetError for an unknown task, one that has no
    supervisors, a count below 0 or a seed below 0.
    """
    kind = find(task)
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 0:
        raise FleetError(f"supervisors is {count!r}, but must be a whole number of at least 0")
    seed = check_seed(seed)
    make = kind.supervisor
    if make is None and count:
        raise FleetError(
            f"{task} has no algorithmic supervisor, which {count} seats ask for; give its Task a "
            "`supervisor`, (seat, seed) to robots.fleet.Supervisor"
        )
    return [
        cast(Supervisor, _made(task, "supervisor", _OF_A_SUPERVISOR, make, seat, seed))  # type: ignore[arg-type]
        for seat in range(count)
    ]


@lru_cache(maxsize=64)
def _spaces_of(task: str) -> Spaces:
    return make_fleet(task, 1, 0).spaces


def _made(task: str, what: str, parts: tuple[str, ...], make: Callable[..., Any], *values: int) -> Any:
    """What a task's own code makes; where that is somebody else's, what it raises becomes one sentence."""
    kind: Task | None = builtin.TASKS.get(task)
    if kind is not None:
        return make(*values)
    try:
        made = make(*values)
    except RobotsError:
        raise
    except Exception as error:
        raise FleetError(
            f"task {task!r}: its {what} could not be made of {values} ({told(error)}); mend it where it is "
            "written"
        ) from error
    lacking = [part for part in parts if not hasattr(made, part)]
    if lacking:
        raise FleetError(
            f"task {task!r}: its {what} is of type {type(made).__name__}, which lacks {', '.join(lacking)}; "
            "mend it where it is written"
        )
    if parts is not _OF_A_SUPERVISOR:
        described = find(task)
        promised: dict[str, Any] = {"size": values[0], "episode_length": described.defaults.episode_length}
        if described.spaces is not None:
            promised["spaces"] = described.spaces
        for part, value in promised.items():
            if getattr(made, part) != value:
                raise FleetError(
                    f"task {task!r}: {part} of its {what} is {getattr(made, part)!r}, but {value!r} was "
                    "asked for or is what its Task says; mend one of them"
                )
    return made
