"""A lens: where a straight ray really lands on the sensor, and back."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.fleet import RobotsError

_EXACT = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 50, 1e-10)


class CalibrationError(RobotsError):
    """A camera cannot be worked by as it is calibrated; the message names the value and the mend."""


@dataclass(frozen=True)
class Lens:
    """A camera matrix and a distortion. Pixel centres lie at whole numbers, (0, 0) at the top left.

    Raises CalibrationError for numbers that are not finite, or a focal length that is not positive.
    """

    focal: tuple[float, float]
    """Focal lengths along x and y [px]."""
    centre: tuple[float, float]
    """Where the optical axis meets the image [px]."""
    distortion: tuple[float, float, float, float, float]
    """k1, k2, p1, p2, k3: radial and tangential, of Brown's model."""

    def __post_init__(self) -> None:
        for name, size in (("focal", 2), ("centre", 2), ("distortion", 5)):
            values = getattr(self, name)
            if len(values) != size or not all(math.isfinite(value) for value in values):
                raise CalibrationError(
                    f"lens: {name} is {values!r}, but must be {size} finite numbers; calibrate again"
                )
        if min(self.focal) <= 0:
            raise CalibrationError(
                f"lens: focal is {self.focal!r}, but must be positive [px]; calibrate the camera again"
            )

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The camera matrix, shape (3, 3)."""
        (fx, fy), (cx, cy) = self.focal, self.centre
        return np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])

    def undistort(self, pixels: NDArray[np.floating]) -> NDArray[np.float64]:
        """Pixels of the image, shape (..., 2), as a lens without distortion would show them [px]."""
        flat = np.ascontiguousarray(pixels, dtype=np.float64).reshape(-1, 1, 2)
        straight = cv2.undistortPoints(
            flat, self.matrix, np.array(self.distortion), None, self.matrix, criteria=_EXACT
        )
        return np.asarray(straight, dtype=np.float64).reshape(np.shape(pixels))

    def distort(self, pixels: NDArray[np.floating]) -> NDArray[np.float64]:
        """The inverse of `undistort`: where the lens really shows them, shape (..., 2) [px]."""
        rays = (np.asarray(pixels, dtype=np.float64) - self.centre) / self.focal
        x, y = rays[..., 0], rays[..., 1]
        k1, k2, p1, p2, k3 = self.distortion
        square = x * x + y * y
        radial = 1.0 + square * (k1 + square * (k2 + square * k3))
        bent = np.stack(
            [
                x * radial + 2 * p1 * x * y + p2 * (square + 2 * x * x),
                y * radial + p1 * (square + 2 * y * y) + 2 * p2 * x * y,
            ],
            axis=-1,
        )
        shown: NDArray[np.float64] = bent * self.focal + self.centre
        return shown
