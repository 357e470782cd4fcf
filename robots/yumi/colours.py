"""What colours the cube, its mark and the tool have under the lamps of one workspace."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.fleet import RobotsError

Image = NDArray[np.uint8]
Mask = NDArray[np.uint8]


class ColourError(RobotsError):
    """Colours that tell nothing apart; the message names the value and the mend."""


@dataclass(frozen=True)
class Tone:
    """A range of colours: hues round a middle, vivid and bright enough. Raises ColourError where none is."""

    hue: float
    """Of OpenCV's circle of 180."""
    width: float
    """Hues within this of the middle are in it."""
    saturation: float
    """At least, of 255."""
    value: float
    """At least, of 255."""

    def __post_init__(self) -> None:
        limits = {"hue": (0, 180), "width": (1, 60), "saturation": (0, 255), "value": (0, 255)}
        for name, (low, high) in limits.items():
            number = getattr(self, name)
            if not (math.isfinite(number) and low <= number <= high):
                raise ColourError(f"colour: {name} is {number!r}; valid is a number from {low} to {high}")

    def mask(self, hsv: Image) -> Mask:
        """255 where an image in HSV, (H, W, 3), has such a colour, 0 elsewhere; (H, W)."""
        low, high = self.hue - self.width, self.hue + self.width
        found = self._between(hsv, max(low, 0.0), min(high, 180.0))
        for first, last in ((low + 180, 180.0), (0.0, high - 180)):  # Round the end of the circle.
            if first < 180.0 and last > 0.0:
                found = cv2.bitwise_or(found, self._between(hsv, first, last))
        return np.asarray(found, dtype=np.uint8)

    def _between(self, hsv: Image, low: float, high: float) -> cv2.typing.MatLike:
        lowest = np.array([low, self.saturation, self.value], dtype=np.float64)
        return cv2.inRange(hsv, np.ceil(lowest), np.array([high, 255.0, 255.0]))


@dataclass(frozen=True)
class Colours:
    """Of everything that moves over the table. The defaults suit the drawing of the simulated task."""

    cube: Tone = Tone(hue=108, width=12, saturation=110, value=55)
    tool: Tone = Tone(hue=20, width=9, saturation=90, value=60)
    mark: float = 0.6
    """The mark on the cube is less vivid than this share of the cube's own saturation."""

    def __post_init__(self) -> None:
        if not 0.0 < self.mark < 1.0:
            raise ColourError(f"colours: mark is {self.mark!r}; valid is a share between 0 and 1")


def tone_of(pixels: Image) -> Tone:
    """The tone of pixels, (K, 3) RGB, that are known to show one thing: a colour calibration.

    Raises ColourError where they have too little colour to be told from grey.
    """
    if len(pixels) < 20:
        raise ColourError(
            f"{len(pixels)} pixels show it, but 20 at least are needed: look from nearer, or at a finer image"
        )
    hsv = cv2.cvtColor(np.ascontiguousarray(pixels[None]), cv2.COLOR_RGB2HSV)[0].astype(np.float64)
    angles = hsv[:, 0] * math.pi / 90
    middle = math.atan2(float(np.sin(angles).mean()), float(np.cos(angles).mean())) * 90 / math.pi % 180
    off = np.abs((hsv[:, 0] - middle + 90) % 180 - 90)
    saturation, value = (float(np.median(hsv[:, part])) for part in (1, 2))
    if saturation < 60:
        raise ColourError(
            f"its saturation is {saturation:.0f} of 255, but 60 at least tells it from the table: use "
            " a more vivid colour, or more light"
        )
    width = float(np.clip(3 * np.percentile(off, 90), 8, 20))
    return Tone(middle, width, saturation * 0.6, max(40.0, value * 0.25))
