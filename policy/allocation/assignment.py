"""Assignment of supervisors to robots: at most one robot a supervisor, one supervisor a robot (Eq. 2)."""

import numpy as np
from numpy.typing import NDArray

from policy.errors import InputError

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def assign(priorities: NDArray[np.float64], current: Ints, locked: Bools, available: Bools) -> Ints:
    """Supervisor of each robot from now on, shape (N,); -1 where there is none.

    priorities, shape (N,): 0 needs nobody, larger is served first, ties by robot number.
    current, shape (N,): supervisor of each robot until now, -1 for none.
    locked, shape (N,): robots that keep their supervisor (minimum intervention time, a reset under way).
    available, shape (M,): supervisors who may be assigned; others are released at once.

    A robot that stays among the most urgent keeps its supervisor, so that nobody is switched needlessly.
    Raises InputError where the shapes do not belong together.
    """
    robots = len(priorities)
    if current.shape != (robots,) or locked.shape != (robots,):
        raise InputError(
            f"current {current.shape} and locked {locked.shape} must both have "
            f"the shape of priorities, ({robots},)"
        )
    held = (current >= 0) & available[current]  # (N,)
    kept = held & locked
    busy = np.zeros(len(available), dtype=bool)
    busy[current[kept]] = True
    capacity = int((available & ~busy).sum())

    calling = np.flatnonzero((priorities > 0) & ~kept)
    chosen = calling[np.argsort(-priorities[calling], kind="stable")[:capacity]]

    assigned = np.where(kept, current, -1)
    staying = chosen[held[chosen]]
    assigned[staying] = current[staying]
    busy[current[staying]] = True
    arriving = chosen[~held[chosen]]
    assigned[arriving] = np.flatnonzero(available & ~busy)[: len(arriving)]
    return assigned
