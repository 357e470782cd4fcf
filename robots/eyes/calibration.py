"""Where a camera's pixels lie in the workspace: a lens, a plane, and how far off the two may be."""

import math
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from robots.eyes.lens import CalibrationError, Lens
from robots.eyes.marks import Mark

Kind = Literal["charuco", "corners"]
AGAIN = "calibrate the camera again"


@dataclass(frozen=True)
class CameraCalibration:
    """One overhead camera, fixed over one workspace.

    The workspace's x points right, y up and z towards the camera [m], its origin on the table. Pixels are
    those of the camera's image: x right, y down, centres at whole numbers. Raises CalibrationError unless
    every number is finite and of use.
    """

    kind: Kind
    """charuco: measured with a board, lens included. corners: four clicked points, straight lens assumed."""
    width: int
    height: int
    """Of the images that it is valid for [px]."""
    homography: tuple[float, ...]
    """Nine numbers, row by row: undistorted pixels to metres on the table."""
    date: str
    """When it was made, ISO 8601."""
    lens: Lens | None = None
    error_mm: float | None = None
    """Root mean square of how far measured points lie from where they should [mm]; None: not known."""
    worst_mm: float | None = None
    """The farthest of them [mm]; None: not known."""
    marks: tuple[Mark, ...] = ()
    """Fixed things in sight, by which it is noticed that the camera moved."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise CalibrationError(f"kind is {self.kind!r}; valid are: {', '.join(get_args(Kind))}; {AGAIN}")
        if self.width < 16 or self.height < 16:
            raise CalibrationError(
                f"the image is {self.width}×{self.height} px; valid is 16 at least each way; {AGAIN}"
            )
        matrix = np.array(self.homography, dtype=np.float64)
        if matrix.shape != (9,) or not np.isfinite(matrix).all():
            raise CalibrationError(
                f"homography is {self.homography!r}, but must be nine finite numbers; {AGAIN}"
            )
        if np.linalg.cond(matrix.reshape(3, 3)) > 1e12:
            raise CalibrationError(f"homography {self.homography!r} folds the table to a line; {AGAIN}")
        for name in ("error_mm", "worst_mm"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise CalibrationError(
                    f"{name} is {value!r}, but must be a number from 0 [mm], or null; {AGAIN}"
                )
        try:
            datetime.fromisoformat(self.date)
        except (TypeError, ValueError):
            raise CalibrationError(
                f"date is {self.date!r}, but must be like 2026-01-31T12:00:00; {AGAIN}"
            ) from None

    def undistort(self, pixels: NDArray[np.floating]) -> NDArray[np.float64]:
        """Pixels, shape (..., 2), as a lens without distortion would show them."""
        return self.lens.undistort(pixels) if self.lens else np.asarray(pixels, dtype=np.float64)

    def to_workspace(self, pixels: NDArray[np.floating], above: float = 0.0) -> NDArray[np.float64]:
        """Pixels, shape (..., 2), as points of the workspace [m].

        above: how high over the table what they show lies [m]; without a lens, heights are not known and the
        table is meant.
        """
        return _through(_inverse(self._plane(above)), self.undistort(pixels))

    def to_pixels(self, points: NDArray[np.floating], above: float = 0.0) -> NDArray[np.float64]:
        """The inverse of `to_workspace`."""
        straight = _through(self._plane(above), np.asarray(points, dtype=np.float64))
        return self.lens.distort(straight) if self.lens else straight

    @cached_property
    def camera_at(self) -> NDArray[np.float64] | None:
        """Where the camera is, x, y, z in the workspace [m], shape (3,); None without a lens."""
        if self.lens is None:
            return None
        rotation, shift = self._pose
        place: NDArray[np.float64] = -rotation.T @ shift
        return place

    @cached_property
    def _table(self) -> NDArray[np.float64]:
        """Workspace points on the table to undistorted pixels, shape (3, 3)."""
        return _inverse(np.array(self.homography, dtype=np.float64).reshape(3, 3))

    @cached_property
    def _pose(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The camera's rotation and shift, (3, 3) and (3,): what the homography of a known lens says."""
        assert self.lens is not None
        columns = _inverse(self.lens.matrix) @ self._table
        columns /= math.copysign(
            (np.linalg.norm(columns[:, 0]) + np.linalg.norm(columns[:, 1])) / 2, columns[2, 2]
        )
        across = np.cross(columns[:, 0], columns[:, 1])
        left, _, right = np.linalg.svd(np.stack([columns[:, 0], columns[:, 1], across], axis=1))
        return left @ right, columns[:, 2]

    def _plane(self, above: float) -> NDArray[np.float64]:
        """Workspace points at a height to undistorted pixels, shape (3, 3)."""
        if self.lens is None or above == 0.0:
            return self._table
        rotation, shift = self._pose
        columns = _inverse(self.lens.matrix) @ self._table
        scale = columns[2, 2] / shift[2]
        raised = columns.copy()
        raised[:, 2] += above * scale * rotation[:, 2]
        plane: NDArray[np.float64] = self.lens.matrix @ raised
        return plane


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def _through(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points, shape (..., 2), through a homography."""
    bent = points @ matrix[:, :2].T + matrix[:, 2]
    mapped: NDArray[np.float64] = bent[..., :2] / bent[..., 2:]
    return mapped
