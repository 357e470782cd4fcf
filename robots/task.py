"""What describes a task: what makes its fleets and supervisors, and what its runs use by default."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from robots.fleet import Fleet, FleetError, Spaces, Supervisor

NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,98}[A-Za-z0-9_])?")
"""Of a task: it is part of folder names too."""


@dataclass(frozen=True, kw_only=True)
class TaskDefaults:
    """What a run of a task uses unless it is told otherwise; raises FleetError for what no run can use."""

    episode_length: int
    """Steps per episode, the unit of average reward."""
    robots: int = 4
    """N, robots of a fleet."""
    supervisors: int = 2
    """M, supervisors of a fleet."""
    minimum_intervention_steps: int = 5
    """t_T: steps that a supervisor stays at least."""
    hard_reset_steps: int = 5
    """t_R: steps that a hard reset takes."""
    retrain_every: int = 100
    """Steps between two retrainings."""
    demonstrations: int = 1000
    """Supervised actions in the initial dataset, before augmentation."""

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise FleetError(f"{one.name} is {value!r}, but must be a whole number of at least 1")
        if self.supervisors > self.robots:
            raise FleetError(
                f"supervisors is {self.supervisors}, more than the {self.robots} robots; each helps one"
            )


@dataclass(frozen=True, kw_only=True)
class Learning:
    """How a task's policies are trained; None is as usual for what its robots see."""

    updates: int | None = None
    """Gradient steps of a first training, for each network."""
    online_updates: int | None = None
    """Gradient steps of each retraining while a fleet runs."""
    percentile: float | None = None
    """û is this percentile of the uncertainties of a fleet that nobody helps."""
    online_share: float | None = None
    """Share of each retraining batch that comes from help; None is by their numbers."""
    symmetries: bool = False
    """Of images: turned or mirrored ones are seen as often, since what is right is turned and mirrored with
    them. Valid where an action is a displacement in the picture's plane."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task; raises FleetError where it cannot be one."""

    name: str
    """Letters, digits, dots, hyphens and underscores; a fleet's `task`."""
    defaults: TaskDefaults
    fleet: Callable[[int, int], Any]
    """(robots, seed) to robots.fleet.Fleet, or robots.physical.PhysicalFleet where `physical` is set."""
    supervisor: Callable[[int, int], Supervisor] | None = None
    """(seat from 0, seed) to supervisor; None where nothing but people can help."""
    demonstrations: Callable[[int, int], Fleet] | None = None
    """(robots, seed) to the fleet that demonstrations are collected on, where that is another one."""
    backend: str = "own"
    """What simulates the fleet unless another one is chosen."""
    others: Mapping[str, Callable[[int, int], Fleet]] = field(default_factory=dict)
    """Name of every other backend to what makes its fleet."""
    physical: bool = False
    """Whether its robots are there: motions take time, and nothing can be put back."""
    spaces: Spaces | None = None
    """Those of its fleets, for whoever would have to make one to know; needed where `physical` is set."""
    pushes: bool = False
    """Of robots that are there: whether a click on the picture is a push. Simulated ones are looked at."""
    goal: str = ""
    """What is wanted, for people, in one sentence."""
    modes: Mapping[str, str] = field(default_factory=dict)
    """Way of a supervisor ("scripted 1 (clockwise)" goes clockwise) to words for people."""
    learning: Learning = Learning()
    """How its policies are trained."""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name) or ".." in self.name:
            raise FleetError(
                f"a task cannot be called {self.name!r}; valid are up to 100 letters, digits, dots, hyphens "
                "and underscores that begin and end with a letter, a digit or an underscore"
            )
        if not isinstance(self.defaults, TaskDefaults):
            raise FleetError(f"the defaults of {self.name} are {self.defaults!r}, but must be TaskDefaults")
        for part in ("fleet", "supervisor", "demonstrations"):
            made_by = getattr(self, part)
            if not callable(made_by) and (part == "fleet" or made_by is not None):
                raise FleetError(f"{part} of {self.name} is {made_by!r}, but must be something to call")
        if self.physical and self.spaces is None:
            raise FleetError(
                f"{self.name} is physical and has no spaces; give them, so that nothing needs to reach the "
                "robots to know them"
            )
