"""Pictures that show nothing: a covered lens, a dark room, a camera that sends one grey."""

import numpy as np
from numpy.typing import NDArray

_DARK = 12.0  # Mean of a picture by which nothing can be seen [grey levels of 255].
_FLAT = 2.0  # Standard deviation of one without anything on it.


def shows_nothing(image: NDArray[np.uint8]) -> str:
    """A sentence where a picture, (H, W, 3), shows nothing, with the mend; empty elsewhere."""
    some = image[::16, ::16]
    if some.size == 0:
        return "the camera's picture is empty: choose another resolution, or another camera"
    mean, spread = float(some.mean()), float(some.std(axis=(0, 1)).max())
    if mean < _DARK and spread < _DARK:
        return (
            f"the camera shows nothing: its picture is black (mean {mean:.0f} of 255); take the cap off the "
            "lens, or switch the light on"
        )
    if spread < _FLAT:
        return (
            f"the camera shows nothing: its picture is one even grey (mean {mean:.0f} of 255); look at the "
            "camera and its cable"
        )
    return ""
