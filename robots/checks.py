"""What every fleet checks about the arguments it is given."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robots.fleet import FleetError

LARGEST_FLEET = 1000
"""Most robots one fleet takes."""

_BOUND = np.array(1.0, dtype=np.float32)  # As an array: numpy would make one of a number in every call.


def check_size(robots: int) -> int:
    """The number of robots; raises FleetError unless it is a whole number from 1 to LARGEST_FLEET."""
    if isinstance(robots, bool) or not isinstance(robots, int | np.integer):
        raise FleetError(f"robots is {robots!r}, but must be a whole number from 1 to {LARGEST_FLEET}")
    if not 1 <= robots <= LARGEST_FLEET:
        raise FleetError(f"robots is {robots}, but a fleet has 1 to {LARGEST_FLEET} robots")
    return int(robots)


def check_ids(ids: Sequence[int], size: int) -> list[int]:
    """The ids as plain integers; raises FleetError for one that no robot has, or that is there twice."""
    checked = []
    for value in ids:
        if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
            raise FleetError(f"robot id {value!r} is not a whole number; valid ids are 0 to {size - 1}")
        if not 0 <= value < size:
            raise FleetError(f"there is no robot {value}; valid ids are 0 to {size - 1}")
        checked.append(int(value))
    if len(set(checked)) != len(checked):
        raise FleetError(f"robot ids {checked} name a robot twice; name each once")
    return checked


def check_actions(
    actions: NDArray[Any], active: NDArray[Any], size: int, action_size: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_], int]:
    """Actions clipped to [-1, 1], float32 (N, A), with zeros for inactive robots; who is active, (N,); and
    how many active robots' actions were clipped.

    Raises FleetError for a wrong shape, a mask that is not of booleans, or a number in an active row that
    is not finite. Rows of inactive robots may hold anything.
    """
    mask = np.asarray(active)
    if mask.shape != (size,) or mask.dtype != np.bool_:
        raise FleetError(f"active has shape {mask.shape} of {mask.dtype}, but must be ({size},) of bool")
    wanted = np.asarray(actions)
    if wanted.shape != (size, action_size) or wanted.dtype.kind not in "fiu":
        raise FleetError(
            f"actions have shape {wanted.shape} of {wanted.dtype}, "
            f"but must be ({size}, {action_size}) of float32"
        )
    if np.count_nonzero(mask) == size:
        asked = wanted.astype(np.float32)
    else:
        asked = np.zeros((size, action_size), dtype=np.float32)
        np.copyto(asked, wanted, where=mask[:, None])
    within = np.abs(asked) <= _BOUND  # False for NaN too.
    if np.count_nonzero(within) == within.size:
        return asked, mask, 0
    bad = np.flatnonzero(~np.isfinite(asked).all(axis=1))
    if bad.size:
        raise FleetError(
            f"the action of robot {bad[0]} is {asked[bad[0]].tolist()}, but must be finite and in [-1, 1]. "
            "Nothing has moved; trying again with finite actions is safe."
        )
    return np.clip(asked, -_BOUND, _BOUND), mask, int(np.count_nonzero(~within.all(axis=1)))
