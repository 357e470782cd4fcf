"""Initial data: what the algorithmic supervisors do on a fleet that nobody else drives."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robots.fleet import FleetError
from robots.registry import make_demonstration_fleet, make_supervisors

SUPERVISORS = 2


def collect(
    task: str, samples: int, seed: int, robots: int = 4
) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.int64]]:
    """Observations and the actions that the two supervisors of a task then took.

    Each supervisor has half of a fresh fleet (robot i belongs to supervisor i mod 2) from start to end.
    Returns observations (samples, *observation_shape), actions (samples, A) as executed, noise included,
    and the supervisor of each, (samples,), 0 or 1; step by step, and by robot within a step. Hard resets
    are done but are no samples. Raises FleetError for an unknown task, fewer than one sample, or fewer
    robots than supervisors.
    """
    if isinstance(samples, bool) or not isinstance(samples, int | np.integer) or samples < 1:
        raise FleetError(f"samples is {samples!r}, but must be a whole number of at least 1")
    fleet = make_demonstration_fleet(task, robots, seed)
    if robots < SUPERVISORS:
        raise FleetError(f"robots is {robots}, but each of the {SUPERVISORS} supervisors needs one")
    supervisors = make_supervisors(task, SUPERVISORS, seed)
    owner = np.arange(robots) % SUPERVISORS
    active = np.ones(robots, dtype=np.bool_)
    steps = -(-int(samples) // robots)
    observations = np.empty((steps, robots, *fleet.spaces.observation_shape), fleet.spaces.observation_dtype)
    actions = np.empty((steps, robots, fleet.spaces.action_size), dtype=np.float32)
    for step in range(steps):
        observations[step] = fleet.observe()
        for index, supervisor in enumerate(supervisors):
            mine = np.flatnonzero(owner == index)
            actions[step, mine] = supervisor.actions(fleet, mine.tolist())
        result = fleet.act(actions[step], active)
        fleet.reset(np.flatnonzero(result.done).tolist())
        fleet.hard_reset(np.flatnonzero(result.violation).tolist())
    return (
        observations.reshape(-1, *fleet.spaces.observation_shape)[:samples],
        actions.reshape(-1, fleet.spaces.action_size)[:samples],
        np.tile(owner, steps)[:samples].astype(np.int64),
    )


def digest(observations: NDArray[Any], actions: NDArray[np.float32], supervisors: NDArray[np.int64]) -> str:
    """SHA-256 over the arrays' types, shapes and bytes, in hexadecimal: names a dataset in a manifest."""
    total = hashlib.sha256()
    for array in (observations, actions, supervisors):
        total.update(f"{array.dtype.str}{array.shape}".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()
