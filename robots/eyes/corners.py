"""A calibration without a board: the workspace's four corners, clicked on one picture."""

from collections.abc import Sequence

import cv2
import numpy as np

from robots.eyes.calibration import CameraCalibration
from robots.eyes.lens import CalibrationError

Point = tuple[float, float]
ORDER = "top left, top right, bottom right, bottom left"


def from_corners(
    corners: Sequence[Point],
    size: tuple[int, int],
    half: float,
    date: str,
    check: tuple[Point, Point] | None = None,
) -> CameraCalibration:
    """The calibration that four corners of the workspace say, in the order of ORDER as seen with y up [px].

    size: width and height of the picture [px]; half: of the workspace's side [m]. check: a fifth pixel, and
    the point of the table [m] that it shows: how far off it comes out is all that is known of the error, for
    a lens that bends is not seen by four points. Raises CalibrationError for corners that cannot be.
    """
    points = np.array(corners, dtype=np.float64)
    if points.shape != (4, 2) or not np.isfinite(points).all():
        raise CalibrationError(f"corners {corners!r} are not four points; give {ORDER}, each as x,y [px]")
    inside = (points >= -0.5).all() and (points <= np.array(size) - 0.5).all()
    if not inside:
        raise CalibrationError(
            f"corners {corners!r} do not all lie on the picture of {size[0]}×{size[1]} px; give pixels of it"
        )
    sides = np.roll(points, -1, axis=0) - points
    after = np.roll(sides, -1, axis=0)
    if (sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0] <= 1.0).any():
        raise CalibrationError(
            f"corners {corners!r} do not go round a square; give {ORDER} of the workspace, in this order"
        )
    places = half * np.array([[-1, 1], [1, 1], [1, -1], [-1, -1]], dtype=np.float64)
    matrix = cv2.getPerspectiveTransform(points.astype(np.float32), places.astype(np.float32))
    off = None
    if check is not None:
        seen = matrix @ np.array([*check[0], 1.0])
        off = float(np.linalg.norm(seen[:2] / seen[2] - np.array(check[1]))) * 1000
    return CameraCalibration(
        kind="corners",
        width=size[0],
        height=size[1],
        homography=tuple(np.ravel(matrix).tolist()),
        date=date,
        error_mm=off,
        worst_mm=off,
    )
