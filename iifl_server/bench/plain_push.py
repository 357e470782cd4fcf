"""The bare physics of block pushes: spaces built and stepped, with nothing read from them."""

import math
from collections.abc import Sequence

import numpy as np
import pymunk
from numpy.typing import NDArray

from robots.tasks.block_push import push
from robots.tasks.block_push.geometry import FULL_PUSH


def substeps_of(pose: NDArray[np.float64], action: NDArray[np.float32]) -> int:
    """How often the engine steps until the cube has gone as far as the action asks for."""
    return len(push.simulate(pose, _direction(action), math.hypot(*action.tolist()) * FULL_PUSH)) - 1


def push_all(
    poses: NDArray[np.float64], actions: NDArray[np.float32], substeps: Sequence[int]
) -> list[pymunk.Body]:
    """One push of each cube, (n, 3), by so many substeps; the cubes where they came to rest."""
    cubes = []
    for pose, action, count in zip(poses, actions, substeps, strict=True):
        space, cube, _ = push.make_space(pose, _direction(action))
        for _ in range(count):
            space.step(push.TIMESTEP)
        cubes.append(cube)
    return cubes


def _direction(action: NDArray[np.float32]) -> tuple[float, float]:
    x, y = action.tolist()
    length = float(np.hypot(x, y))
    return x / length, y / length
