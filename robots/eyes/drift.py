"""Whether a camera still looks where it did: fixed marks are looked for where they were."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.eyes.calibration import CameraCalibration
from robots.eyes.marks import Mark, mark_of

MOST_MM = 3.0
"""A camera whose marks moved by more than this is not worked with [mm]."""
ENOUGH_SEEN = 2
"""Marks that must be in sight, where there are as many."""

_HALF = 10  # Of a mark's patch [px].
_AROUND = 6  # A mark is looked for this far from where it should be when it is remembered [px].
_SEARCH = 14  # And this far when it is looked for again [px].
_ALIKE = 0.7  # Correlation of a patch with what is seen, at least.
_CORNER = 0.001  # Of cv2.cornerMinEigenVal: less is an edge, along which nothing is seen to move, or blank.


@dataclass(frozen=True)
class Drift:
    """What became of the marks."""

    moved_mm: float | None
    """How far those in sight have moved, in the middle [mm]; None where none is in sight."""
    seen: int
    of: int

    def trouble(self, most_mm: float = MOST_MM) -> str:
        """A sentence where the camera cannot be worked with, with the mend; empty elsewhere."""
        if self.seen < min(ENOUGH_SEEN, self.of):
            return (
                f"{self.seen} of the camera's {self.of} marks are in sight where they were: take away what "
                "covers them; where the camera was moved, calibrate it again"
            )
        if self.moved_mm is not None and self.moved_mm > most_mm:
            return (
                f"the camera has moved: its marks lie {self.moved_mm:.1f} mm from where they were, and "
                f"{most_mm:g} mm is allowed; put it back, or calibrate it again"
            )
        return ""


def with_marks(
    calibration: CameraCalibration, image: NDArray[np.uint8], places: Sequence[tuple[float, float]]
) -> CameraCalibration:
    """The calibration with those of the places [m] as marks where the image shows something to go by.

    image: (H, W, 3) RGB, of the camera as it is calibrated. A place that is out of sight or blank is left.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    sharp = cv2.cornerMinEigenVal(grey, 5)
    found: list[Mark] = []
    points = np.array(places, dtype=np.float64).reshape(-1, 2)
    pixels = calibration.to_pixels(points)
    in_sight = (
        np.linalg.norm(calibration.to_workspace(pixels) - points, axis=1) < 0.001
    )  # Lenses fold far ones.
    for pixel in pixels[in_sight]:
        x, y = (round(value) for value in pixel.tolist())
        reach = _AROUND + _HALF + 1
        if not (reach <= x < calibration.width - reach and reach <= y < calibration.height - reach):
            continue
        near = sharp[y - _AROUND : y + _AROUND + 1, x - _AROUND : x + _AROUND + 1]
        down, across = divmod(int(np.argmax(near)), near.shape[1])
        if near[down, across] >= _CORNER:
            found.append(mark_of(np.asarray(grey), x - _AROUND + across, y - _AROUND + down, _HALF))
    return replace(calibration, marks=tuple(found))


def look_for_marks(calibration: CameraCalibration, image: NDArray[np.uint8]) -> Drift:
    """Where the marks are on an image, (H, W, 3) RGB of the calibrated size; about 0.1 ms a mark."""
    shifts = []
    for mark in calibration.marks:
        found = _find(image, mark)
        if found is not None:
            was = np.array([mark.x, mark.y])
            moved = calibration.to_workspace(np.stack([was, was + found]))
            shifts.append(float(np.linalg.norm(moved[1] - moved[0])) * 1000)
    return Drift(float(np.median(shifts)) if shifts else None, len(shifts), len(calibration.marks))


def _find(image: NDArray[np.uint8], mark: Mark) -> NDArray[np.float64] | None:
    """How far a mark has moved, (2,) [px], finer than a pixel; None where it is not in sight."""
    height, width = mark.patch.shape
    left, top = int(mark.x) - width // 2 - _SEARCH, int(mark.y) - height // 2 - _SEARCH
    first_x, first_y = max(left, 0), max(top, 0)
    part = image[first_y : top + height + 2 * _SEARCH, first_x : left + width + 2 * _SEARCH]
    if part.shape[0] < height or part.shape[1] < width:
        return None
    grey = cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_RGB2GRAY)
    alike = np.asarray(cv2.matchTemplate(grey, mark.patch, cv2.TM_CCOEFF_NORMED), dtype=np.float64)
    y, x = np.unravel_index(int(np.argmax(alike)), alike.shape)
    if not alike[y, x] >= _ALIKE:
        return None
    finer = np.array([_peak(alike[y], int(x)), _peak(alike[:, x], int(y))])
    shift: NDArray[np.float64] = finer + np.array([first_x - left, first_y - top]) - _SEARCH
    return shift


def _peak(row: NDArray[np.float64], at: int) -> float:
    """The top of the parabola through a largest value and its neighbours."""
    if not 0 < at < len(row) - 1:
        return float(at)
    before, top, after = row[at - 1 : at + 2].tolist()
    bend = before - 2 * top + after
    return at + (0.5 * (before - after) / bend if bend < 0 else 0.0)
