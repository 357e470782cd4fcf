"""Assignment of supervisors to robots: at most one robot a supervisor, one supervisor a robot (Eq. 2)."""

import numpy as np
from numpy.typing import NDArray

from policy.errors import InputError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def assign(priorities: Floats, current: Ints, locked: Bools, available: Bools) -> Ints:
    """Supervisor of each robot from now on, shape (N,); -1 where there is none.

    priorities, shape (N,): 0 needs nobody, larger is served first, ties by robot number.
    current, shape (N,): supervisor of each robot until now, -1 for none.
    locked, shape (N,): robots that keep their supervisor (minimum intervention time, a reset under way).
    available, shape (M,): supervisors who may be assigned; others are released at once.

    A robot that stays among the most urgent keeps its supervisor, so that nobody is switched needlessly; free
    supervisors go to new robots in the order of their numbers, the most urgent robot first. The work grows
    with N; only what is served is sorted. Raises InputError where the shapes do not belong together, for a
    priority that is negative or NaN, and for a supervisor who does not exist or has two robots already.
    """
    holding = np.flatnonzero(current >= 0)  # at most M robots, so what follows is about few
    _check(priorities, current, holding, locked, available)
    assigned = np.full(len(priorities), -1, dtype=np.int64)
    holding = holding[available[current[holding]]]
    kept = holding[locked[holding]]
    assigned[kept] = current[kept]
    free = available.copy()
    free[current[kept]] = False

    calls = priorities > 0
    calls[kept] = False
    chosen = _most_urgent(priorities, np.flatnonzero(calls), int(np.count_nonzero(free)))

    held = np.zeros(len(priorities), dtype=bool)
    held[holding] = True
    staying, arriving = chosen[held[chosen]], chosen[~held[chosen]]
    assigned[staying] = current[staying]
    free[current[staying]] = False
    assigned[arriving] = np.flatnonzero(free)[: len(arriving)]
    return assigned


def _most_urgent(priorities: Floats, calling: Ints, count: int) -> Ints:
    """The `count` robots to serve of those calling, most urgent first, ties by robot number."""
    if count == 0:
        return calling[:0]
    if len(calling) > count:
        wanted = priorities[calling]
        last = np.partition(wanted, len(wanted) - count)[len(wanted) - count]
        above = calling[wanted > last]
        level = calling[wanted == last][: count - len(above)]
        calling = np.concatenate([above, level])  # ties at the edge have the lowest numbers, in their order
    return calling[np.argsort(-priorities[calling], kind="stable")]


def _check(priorities: Floats, current: Ints, holding: Ints, locked: Bools, available: Bools) -> None:
    robots, supervisors = len(priorities), len(available)
    if current.shape != (robots,) or locked.shape != (robots,):
        raise InputError(
            f"current {current.shape} and locked {locked.shape} must both have "
            f"the shape of priorities, ({robots},)"
        )
    if robots and not priorities.min() >= 0:  # NaN is not
        robot = int(np.flatnonzero(~(priorities >= 0))[0])
        raise InputError(f"priority of robot {robot} is {priorities[robot]}; valid is 0 or more")
    seats = current[holding]
    if len(seats) and int(seats.max()) >= supervisors:
        raise InputError(f"current names supervisor {int(seats.max())}; valid is -1 to {supervisors - 1}")
    doubled = np.flatnonzero(np.bincount(seats, minlength=1) > 1)
    if len(doubled):
        robot_numbers = np.flatnonzero(current == doubled[0]).tolist()
        raise InputError(f"current gives supervisor {doubled[0]} the robots {robot_numbers}; valid is one")
