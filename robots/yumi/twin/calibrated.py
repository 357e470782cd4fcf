"""Calibrations of a twin's cameras: the true one, and the one that pictures of a board give."""

import math
from datetime import datetime

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.eyes.board import board_for
from robots.eyes.calibration import CameraCalibration
from robots.eyes.drift import with_marks
from robots.eyes.fitting import View, fit
from robots.tasks.block_push.geometry import WORKSPACE_HALF
from robots.yumi.twin.camera import Eye
from robots.yumi.twin.optics import Optics

TILTS = (
    (0.0, 0.0),
    (0.3, 0.0),
    (-0.3, 0.1),
    (0.0, 0.35),
    (0.1, -0.3),
    (0.2, 0.2),
    (-0.2, -0.2),
    (0.25, -0.25),
)
"""How somebody holds the board before the camera, about x and y [rad]."""
MARKS = tuple((x * WORKSPACE_HALF, y * WORKSPACE_HALF) for x in (-1, 1) for y in (-1, 1))
"""Of the table's corners, by which it is noticed that the camera moved [m]."""
PLACES = ((-0.05, -0.05), (0.08, 0.07), (-0.08, 0.07), (0.08, -0.07), (-0.09, 0.0), (0.09, 0.0), (0.0, 0.08))
UNDATED = "2026-01-01T00:00:00"


def true_calibration(optics: Optics) -> CameraCalibration:
    """What a perfect calibration of a camera finds."""
    corners = WORKSPACE_HALF * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], dtype=np.float64)
    pixels = optics.project(np.column_stack([corners, np.zeros(4)]))
    straight = optics.lens.undistort(pixels).astype(np.float32)
    homography = cv2.getPerspectiveTransform(straight, corners.astype(np.float32))
    return CameraCalibration(
        kind="charuco",
        width=optics.width,
        height=optics.height,
        homography=tuple(np.asarray(homography, dtype=np.float64).ravel().tolist()),
        date=UNDATED,
        lens=optics.lens,
        error_mm=0.0,
        worst_mm=0.0,
    )


def calibrated(eye: Eye) -> CameraCalibration:
    """As `./iifl calibrate` finds it out: a board is shown in several places, at last flat in the middle.

    Raises CalibrationError where the pictures say too little.
    """
    board = board_for("a4")
    pictures: list[NDArray[np.uint8]] = []
    for place in PLACES:
        for across, along in TILTS[:: 1 + len(pictures) % 2]:
            pictures.append(eye.board(board, _turned(across, along), (*place, 0.08)))
    pictures.append(eye.board(board))
    views = [View(f"picture {number}", *board.corners_in(image)) for number, image in enumerate(pictures)]
    found = fit(views, (eye.optics.width, eye.optics.height), WORKSPACE_HALF, _now()).calibration
    return with_marks(found, eye.empty(), MARKS)


def _now() -> str:
    return datetime.now().replace(microsecond=0).isoformat()


def _turned(across: float, along: float) -> NDArray[np.float64]:
    about_x = np.array(
        [[1, 0, 0], [0, math.cos(across), -math.sin(across)], [0, math.sin(across), math.cos(across)]]
    )
    about_y = np.array(
        [[math.cos(along), 0, math.sin(along)], [0, 1, 0], [-math.sin(along), 0, math.cos(along)]]
    )
    turned: NDArray[np.float64] = about_x @ about_y
    return turned
