"""Rotations of many bodies at once, element by element: no body's numbers depend on how many there are.

Quaternions are (N, 4), w first; vectors (N, 3).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def axes(quaternions: Floats) -> tuple[Floats, Floats, Floats]:
    """A body's x, y and z axes in the world, each (N, 3)."""
    w, x, y, z = quaternions.T
    first = [1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)]
    second = [2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)]
    third = [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)]
    return np.stack(first, axis=1), np.stack(second, axis=1), np.stack(third, axis=1)


def into_body(vectors: Floats, frame: tuple[Floats, Floats, Floats]) -> Floats:
    """Vectors of the world as a body with these axes sees them, (N, 3)."""
    return np.stack([(vectors * axis).sum(axis=1) for axis in frame], axis=1)


def roll_and_yaw(frame: tuple[Floats, Floats, Floats]) -> tuple[Floats, Floats]:
    """Angles about the body's x axis and about the world's z axis, each (N,), in -pi to pi [rad]."""
    x, y, z = frame
    return np.arctan2(y[:, 2], z[:, 2]), np.arctan2(x[:, 1], x[:, 0])


def wrapped(angles: Floats) -> Floats:
    """The same angles between -pi and pi [rad]."""
    turned: Floats = (angles + np.pi) % (2 * np.pi) - np.pi
    return turned
