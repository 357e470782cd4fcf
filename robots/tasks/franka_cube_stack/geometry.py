"""Rotations, and where the arm stands."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BASE = (-0.45, 0.0, 1.125)
"""Foot of the arm [m]."""
SHOULDER_HEIGHT = BASE[2] + 0.333
"""[m]"""


def rotation(quaternion: Floats) -> Floats:
    """Rotation matrix of a unit quaternion (4,), w first; shape (3, 3)."""
    w, x, y, z = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
