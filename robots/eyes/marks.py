"""A fixed thing in a camera's sight: the patch of the image that showed it when the camera was calibrated."""

import base64
import binascii
import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.eyes.lens import CalibrationError


@dataclass(frozen=True)
class Mark:
    """Where it was, and what it looked like. Raises CalibrationError for a patch that is no picture."""

    x: float
    y: float
    """The patch's centre in the image [px]."""
    png: str
    """The patch, grey, as a PNG in base64."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.x) and math.isfinite(self.y)):
            raise CalibrationError(
                f"mark at ({self.x!r}, {self.y!r}): both must be finite [px]; calibrate the camera again"
            )
        if self.patch.size == 0 or self.patch.shape[0] % 2 == 0 or self.patch.shape[1] % 2 == 0:
            raise CalibrationError(
                f"mark at ({self.x}, {self.y}): its patch is {self.patch.shape}, but must be a PNG with odd "
                "sides; calibrate the camera again"
            )

    @cached_property
    def patch(self) -> NDArray[np.uint8]:
        """(H, W), grey, both sides odd; empty where it cannot be read."""
        try:
            packed = np.frombuffer(base64.b64decode(self.png, validate=True), dtype=np.uint8)
        except (binascii.Error, TypeError, ValueError):
            return np.empty((0, 0), dtype=np.uint8)
        read = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE) if packed.size else None
        return np.empty((0, 0), dtype=np.uint8) if read is None else np.asarray(read, dtype=np.uint8)


def mark_of(grey: NDArray[np.uint8], x: int, y: int, half: int) -> Mark:
    """The patch of 2·half + 1 pixels a side round a pixel of a grey image, which must hold all of it."""
    patch = grey[y - half : y + half + 1, x - half : x + half + 1]
    if patch.shape != (2 * half + 1, 2 * half + 1):
        raise CalibrationError(
            f"mark at ({x}, {y}): a patch of {half} px round it leaves the image of {grey.shape[1]}×"
            f"{grey.shape[0]} px; choose marks farther inside"
        )
    return Mark(float(x), float(y), base64.b64encode(cv2.imencode(".png", patch)[1].tobytes()).decode())
