"""Rotations of many bodies at once, element by element: no body's numbers depend on how many there are.

Quaternions are (N, 4), w first; vectors (N, 3). A frame is (3, 3, N): frame[i, j] is component j, in the
world, of the body's axis i (x, y, z): bodies come last, where one operation runs over all of them fastest.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def axes(quaternions: Floats) -> Floats:
    """A body's x, y and z axes in the world, as a frame (3, 3, N)."""
    w, x, y, z = quaternions.T.copy()  # Rows of their own: numbers that lie apart are slow to read.
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)],
            [2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)],
            [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def into_body(vectors: Floats, frame: Floats) -> Floats:
    """Vectors of the world as a body with these axes sees them, (N, 3)."""
    seen: Floats = (frame * vectors.T).sum(axis=1).T
    return seen


def roll_and_yaw(frame: Floats) -> tuple[Floats, Floats]:
    """Angles about the body's x axis and about the world's z axis, each (N,), in -pi to pi [rad]."""
    x, y, z = frame
    return np.arctan2(y[2], z[2]), np.arctan2(x[1], x[0])


def wrapped(angles: Floats) -> Floats:
    """The same angles between -pi and pi [rad]."""
    turned: Floats = (angles + np.pi) % (2 * np.pi) - np.pi
    return turned
