"""The aggregated dataset of a run: initial demonstrations, then what supervisors executed."""

from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from iifl_server.fleets.selectors import dataset_interventions
from iifl_server.learning.observations import decode_observation
from iifl_server.names import folder_of
from policy.learning.files import read_arrays, write_arrays
from robots.demonstrations import collect
from robots.registry import task_defaults


def demonstrations(task: str, seed: int) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """The initial observations and actions, made once and kept; the same seed gives the same data."""
    samples = task_defaults(task).demonstrations
    path = Path(settings.DATA) / "demonstrations" / f"{folder_of(task)}-{samples}-{seed}.npz"
    kept = read_arrays(path)
    if kept is None:
        observations, actions, supervisors = collect(task, samples, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = {"observations": observations, "actions": actions, "supervisors": supervisors}
        write_arrays(path, kept)
    return kept["observations"], kept["actions"]


def executed_pushes(run: int, until_step: int) -> tuple[NDArray[Any], NDArray[np.float32], list[str]]:
    """What supervisors did in this run before a step, committed and executed: observations, actions, names.

    Hard resets are no samples.
    """
    rows = dataset_interventions(run, until_step)
    observations = np.array([decode_observation(observation) for observation, _action, _name in rows])
    actions = np.array([action for _observation, action, _name in rows], dtype=np.float32)
    return observations, actions, [name for _observation, _action, name in rows]
