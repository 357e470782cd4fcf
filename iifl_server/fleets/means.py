"""By what means a person can help a robot of a task: pushes on the picture, or ways of its supervisors."""

import re
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from robots.fleet import Supervisor
from robots.lookup import find
from robots.registry import make_fleet, make_supervisors, task_defaults

LOOKED_AT = 4
"""Supervisors take turns in their ways (1, 2, 1, 2 and so on): so many show them all."""
_NAME = re.compile(r"(?P<kind>.*?)\s*\d*\s*(?:\((?P<way>.+)\))?")


@dataclass(frozen=True)
class Means:
    """What a person who has a robot of this task may order, besides hard resets and handing back."""

    push: bool
    """A click on the picture is a push: actions are displacements in the picture's plane."""
    modes: tuple[str, ...]
    """Ways of the task's algorithmic supervisors that a person may choose; none where pushes are taken."""
    steps: int
    """Most steps that a chosen way is followed before the person is asked again: t_T."""

    def to_dict(self) -> dict[str, Any]:
        """As on the wire."""
        return {**asdict(self), "modes": list(self.modes)}


def mode_name(supervisor: str) -> str:
    """What is particular about a supervisor: "scripted 1 (clockwise)" is clockwise, "trained 2" trained."""
    parts = _NAME.fullmatch(supervisor)
    return (parts and (parts["way"] or parts["kind"])) or supervisor


@lru_cache(maxsize=32)
def task_means(task: str) -> Means:
    """The means of a task; raises FleetError for an unknown one."""
    kind = find(task)
    if kind.physical:  # Nothing reaches for the robots to know this.
        return Means(
            kind.pushes, () if kind.pushes else tuple(kind.modes), kind.defaults.minimum_intervention_steps
        )
    fleet = make_fleet(task, 1, 0)
    push = fleet.spaces.action_size == 2 and fleet.frames([0])[0].anchor is not None
    seats = LOOKED_AT if kind.supervisor else 0
    names = [mode_name(one.name) for one in make_supervisors(task, seats, 0)]
    modes = () if push else tuple(dict.fromkeys(names))
    return Means(push, modes, task_defaults(task).minimum_intervention_steps)


def make_helpers(task: str, seed: int) -> dict[str, Supervisor]:
    """Mode → the supervisor that acts when a person chooses it; each has generators of its own."""
    helpers: dict[str, Supervisor] = {}
    for supervisor in make_supervisors(task, LOOKED_AT, seed) if task_means(task).modes else ():
        helpers.setdefault(mode_name(supervisor.name), supervisor)
    return helpers
