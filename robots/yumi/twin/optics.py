"""The true lens and place of a simulated overhead camera: what a calibration is to find out."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from robots.eyes.lens import Lens


@dataclass(frozen=True)
class Optics:
    """A camera over a workspace; its image is width × height pixels."""

    width: int
    height: int
    lens: Lens
    at: tuple[float, float, float]
    """Where the camera is, in the workspace, z up from the table [m]."""
    towards: tuple[float, float]
    """The point of the table that its axis meets [m]."""
    roll: float = 0.0
    """How far it is turned about its axis [rad]."""

    @cached_property
    def rotation(self) -> NDArray[np.float64]:
        """Workspace to camera, shape (3, 3): the camera's x right, y down, z into the scene."""
        ahead = np.array([*self.towards, 0.0]) - self.at
        ahead /= np.linalg.norm(ahead)
        right = np.cross(ahead, [0.0, 1.0, 0.0])
        right /= np.linalg.norm(right)
        down = np.cross(ahead, right)
        cosine, sine = math.cos(self.roll), math.sin(self.roll)
        return np.stack([cosine * right + sine * down, cosine * down - sine * right, ahead])

    def project(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points of the workspace, shape (..., 3) [m], as pixels, (..., 2), centres at whole numbers."""
        seen = (np.asarray(points, dtype=np.float64) - self.at) @ self.rotation.T
        straight = seen[..., :2] / seen[..., 2:] * self.lens.focal + self.lens.centre
        return self.lens.distort(straight)


def optics_of(seed: int = 0, width: int = 960, height: int = 720) -> Optics:
    """A camera that was screwed on by hand, 0.9 m over the table; each seed is screwed on another way."""
    generator = np.random.default_rng(seed)
    swing = generator.uniform(-1.0, 1.0, size=7).tolist()
    scale = min(width / 960, height / 720)
    lens = Lens(
        focal=(1130.0 * scale * (1 + 0.01 * swing[0]), 1133.0 * scale * (1 + 0.01 * swing[0])),
        centre=(width / 2 - 0.5 + 8 * scale * swing[1], height / 2 - 0.5 + 8 * scale * swing[2]),
        distortion=(-0.24 + 0.02 * swing[3], 0.09, 0.0006, -0.0004, 0.0),
    )
    at = (0.05 + 0.04 * swing[4], -0.09 + 0.04 * swing[5], 0.90)
    return Optics(width, height, lens, at, (0.004, -0.003), math.radians(3.0 * swing[6]))
