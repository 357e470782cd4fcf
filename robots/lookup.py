"""Tasks by reference: those that come with the project, those that installed packages register, and by place.

A package registers its tasks in the entry point group `iifl.tasks`:

    [project.entry-points."iifl.tasks"]
    cart = "carts.tasks:CART"

A place is package.module:name. Other processes find the same task by the same reference, as long as they run
in the same environment.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from robots.builtin import TASKS
from robots.fleet import FleetError
from robots.task import NAME, Task

GROUP = "iifl.tasks"
LONGEST = 200
"""Characters of a reference."""
_PLACE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def find(reference: str) -> Task:
    """The task; raises FleetError, in a sentence with the mend, where there is none or it is not sound."""
    if not isinstance(reference, str) or len(reference) > LONGEST:
        raise FleetError(_unknown(reference))
    if ":" in reference:
        if not _PLACE.fullmatch(reference):
            raise FleetError(_unknown(reference))
        return _loaded(reference)
    registered = outside().get(reference, ())
    if reference in TASKS:
        if registered:
            raise FleetError(
                f"{reference!r} is a task that comes with the project, and {_whose(registered)} registers "
                f"another by this name; uninstall that package, or let it choose another name in {GROUP}"
            )
        return TASKS[reference]
    if len(registered) > 1:
        places = " and ".join(point.value for point in registered)
        raise FleetError(
            f"{reference!r} is registered more than once, by {_whose(registered)} ({places}); uninstall all "
            "but one, or name the place, package.module:name"
        )
    if not registered:
        raise FleetError(_unknown(reference))
    return _of(registered[0])


def canonical(reference: str) -> str:
    """The one name for a task that is registered and is named by its place; raises FleetError as `find` does.

    So weights that were made under one are found under the other.
    """
    find(reference)
    for name, points in outside().items():
        if name not in TASKS and len(points) == 1 and points[0].value.replace(" ", "") == reference:
            return name
    return reference


@cache
def outside() -> Mapping[str, tuple[EntryPoint, ...]]:
    """What installed packages register, by name; nothing of theirs is loaded. Looked up once in a process."""
    found: dict[str, dict[tuple[str, str], EntryPoint]] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda one: (one.name, one.value)):
        owner = point.dist.name if point.dist else ""
        found.setdefault(point.name, {})[owner, point.value] = point  # The same one may be on the path twice.
    return {name: tuple(points.values()) for name, points in found.items()}


def _of(point: EntryPoint) -> Task:
    place = point.value.replace(" ", "")
    if not NAME.fullmatch(point.name) or not _PLACE.fullmatch(place):
        raise FleetError(
            f"{_whose((point,))} registers {point.name!r} as {point.value!r}, but valid is a name of "
            f'letters, digits, dots, hyphens and underscores for "package.module:name" in {GROUP}'
        )
    task = _loaded(place)
    if task.name != point.name:
        raise FleetError(
            f"{_whose((point,))} registers {point.name!r}, but the task there is called {task.name!r}; let "
            "both have one name"
        )
    return task


@cache  # What raises is not kept.
def _loaded(place: str) -> Task:
    module, _, attribute = place.partition(":")
    try:
        found: Any = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise FleetError(f"task {place!r}: {module} needs {error.name!r}; install it") from error
        raise FleetError(
            f"task {place!r}: there is no module {error.name!r}; install the package that has it into this "
            "environment, or name its folder in PYTHONPATH"
        ) from error
    except (Exception, SystemExit) as error:
        raise FleetError(
            f"task {place!r}: {module} cannot be imported ({told(error)}); mend it there"
        ) from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            there = sorted(name for name, value in vars(found).items() if isinstance(value, Task))
            raise FleetError(
                f"task {place!r}: {module} has no {attribute!r}; tasks in it: {', '.join(there) or 'none'}"
            )
        found = getattr(found, part)
    if not isinstance(found, Task):
        raise FleetError(
            f"task {place!r} is of type {type(found).__name__}, but must be a robots.task.Task; see "
            "docs/bring-your-own-robot.md"
        )
    return found


def told(error: BaseException) -> str:
    """An error of somebody else's code, as part of a sentence."""
    first = next(iter(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _whose(points: tuple[EntryPoint, ...]) -> str:
    owners = dict.fromkeys(point.dist.name if point.dist else "an installed package" for point in points)
    return " and ".join(owners)


def _unknown(reference: object) -> str:
    others = sorted(set(outside()) - set(TASKS))
    installed = f", of installed packages: {', '.join(others)}" if others else ""
    shown = reference if not isinstance(reference, str) or len(reference) <= 60 else reference[:60] + "…"
    return (
        f"there is no task {shown!r}; valid tasks are: {', '.join(sorted(TASKS))}{installed}; or one by its "
        "place, package.module:name"
    )
