"""What is held to the promises of simulated fleets and their supervisors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from robots.fleet import Fleet, Supervisor
from robots.lookup import find
from robots.registry import make_fleet, make_supervisors

ROBOTS = 3
"""Of most fleets that are tried."""


@dataclass(frozen=True)
class Kind:
    """What is held to the promises of a fleet."""

    task: str
    """What its fleets call their task."""
    make: Callable[[int, int], Fleet]
    """(robots, seed) to fleet."""
    episode_length: int | None = None
    """What its description says; None where there is none."""
    largest: int = 1000
    """Most robots that it is tried with."""
    fixed_start: bool = False
    """Whether every episode of every robot and seed begins alike, and nothing but actions is random."""
    supervisors: Callable[[int, int], Sequence[Supervisor]] | None = None
    """(count, seed) to supervisors, for their conformance."""
    noise: bool = True
    """Whether supervisors of other seeds act otherwise."""


def of_task(task: str, **changes: Any) -> Kind:
    """A task by its name or place, as its package describes it; raises FleetError where there is none."""
    described = find(task)
    return Kind(
        described.name,
        lambda robots, seed: make_fleet(task, robots, seed),
        **{
            "episode_length": described.defaults.episode_length,
            "supervisors": lambda count, seed: make_supervisors(task, count, seed),
            **changes,
        },
    )
