"""Overhead cameras: where a point of the workspace lies on an image, and what a click on it asks for."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robots.fleet import FleetError

FRAME_WIDTH = 640
FRAME_HEIGHT = 480


@dataclass(frozen=True)
class Calibration:
    """An overhead camera that looks straight down on the workspace's origin.

    The workspace's x points right and its y up [m]; the image's x points right and its y *down*, with
    (0, 0) the outer corner of the top left pixel. Raises FleetError unless every size is positive.
    """

    width: int
    """Image width [px]."""
    height: int
    """Image height [px]."""
    pixels_per_metre: float
    """Scale, the same along both axes [px/m]."""

    def __post_init__(self) -> None:
        for name in ("width", "height", "pixels_per_metre"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise FleetError(f"calibration: {name} is {value!r}, but must be a positive number")

    def to_pixels(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Workspace points, shape (..., 2) [m], as pixel positions of the same shape [px]."""
        pixels: NDArray[np.float64] = np.asarray(points, dtype=np.float64) * self._scale + self._centre
        return pixels

    def to_workspace(self, pixels: NDArray[np.floating]) -> NDArray[np.float64]:
        """Pixel positions, shape (..., 2) [px], as workspace points of the same shape [m]."""
        points: NDArray[np.float64] = (np.asarray(pixels, dtype=np.float64) - self._centre) / self._scale
        return points

    def to_fraction(self, point: NDArray[np.floating]) -> tuple[float, float]:
        """One workspace point, shape (2,) [m], as fractions of width and height from the top left."""
        x, y = self.to_pixels(point)
        return float(x / self.width), float(y / self.height)

    def reach(self, metres: float) -> float:
        """A length [m] as a fraction of the image's width."""
        return metres * self.pixels_per_metre / self.width

    @property
    def _scale(self) -> NDArray[np.float64]:
        return np.array([self.pixels_per_metre, -self.pixels_per_metre])

    @property
    def _centre(self) -> NDArray[np.float64]:
        return np.array([self.width / 2, self.height / 2])


def action_from_click(
    anchor: tuple[float, float],
    point: tuple[float, float],
    reach: float,
    width: int = FRAME_WIDTH,
    height: int = FRAME_HEIGHT,
) -> tuple[NDArray[np.float32], bool]:
    """The push that brings the cube from anchor to the clicked point, and whether it had to be clipped.

    anchor and point are fractions of the image's width and height from the top left, y pointing down;
    reach is the length of an action of size 1.0 as a fraction of the width. The action, shape (2,), has
    y pointing up and is at most 1.0 long; a longer one keeps its direction. Rule: docs/wire.md, "Frames".
    Raises FleetError for a point outside the image, an anchor that is not finite, or a useless reach.
    """
    if not all(math.isfinite(value) for value in anchor):
        raise FleetError(f"anchor {anchor} is not on the image: this frame takes no clicks; use a newer one")
    if not all(0.0 <= value <= 1.0 for value in point):
        raise FleetError(f"click {point} lies outside the image: x and y are fractions from 0 to 1")
    if not (math.isfinite(reach) and reach > 0):
        raise FleetError(f"reach is {reach!r}, but must be a positive fraction of the image's width")
    full = reach * width
    x = (point[0] - anchor[0]) * width / full
    y = -(point[1] - anchor[1]) * height / full
    length = math.hypot(x, y)
    clipped = length > 1.0
    if clipped:
        x, y = x / length, y / length
    return np.array([x, y], dtype=np.float32), clipped
