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
    calls = priorities != 0  # so is NaN, which is looked for among the few that call
    holding = np.flatnonzero(current >= 0)  # at most M robots, so what follows is about few
    seats = current[holding]
    _check(priorities, current, seats, locked, available)
    keeps = locked[holding] & available[seats]
    kept, seats = holding[keeps], seats[keeps]
    free = available.copy()
    free[seats] = False

    calls[kept] = False
    calling = np.flatnonzero(calls)
    urgency = priorities[calling]
    _check_priorities(priorities, urgency, priorities[kept])
    chosen = calling[_largest(urgency, int(np.count_nonzero(free)))]

    before = current[chosen]
    stays = (before >= 0) & available[before]
    free[before[stays]] = False
    arriving = chosen[~stays]
    assigned = np.full(len(priorities), -1, dtype=np.int64)
    assigned[kept] = seats
    assigned[chosen[stays]] = before[stays]
    assigned[arriving] = np.flatnonzero(free)[: len(arriving)]
    return assigned


def _largest(values: Floats, count: int) -> Ints:
    """Places of the `count` largest values, the largest first, equal ones in their order."""
    if count == 0:
        return np.empty(0, dtype=np.int64)
    surplus = len(values) - count
    if surplus <= 0:
        return np.argsort(-values, kind="stable")
    least = np.partition(values, surplus)[surplus]
    places = np.flatnonzero(values >= least)  # more than `count` where several equal the least
    return places[np.argsort(-values[places], kind="stable")[:count]]


def _check(priorities: Floats, current: Ints, seats: Ints, locked: Bools, available: Bools) -> None:
    robots, supervisors = len(priorities), len(available)
    if current.shape != (robots,) or locked.shape != (robots,):
        raise InputError(
            f"current {current.shape} and locked {locked.shape} must both have "
            f"the shape of priorities, ({robots},)"
        )
    if len(seats) and int(seats.max()) >= supervisors:
        raise InputError(f"current names supervisor {int(seats.max())}; valid is -1 to {supervisors - 1}")
    doubled = np.flatnonzero(np.bincount(seats, minlength=1) > 1)
    if len(doubled):
        robot_numbers = np.flatnonzero(current == doubled[0]).tolist()
        raise InputError(f"current gives supervisor {doubled[0]} the robots {robot_numbers}; valid is one")


def _check_priorities(priorities: Floats, *parts: Floats) -> None:
    """parts: all of the priorities that are not 0."""
    if all(not len(part) or part.min() >= 0 for part in parts):  # NaN is not
        return
    robot = int(np.flatnonzero(~(priorities >= 0))[0])
    raise InputError(f"priority of robot {robot} is {priorities[robot]}; valid is 0 or more")
