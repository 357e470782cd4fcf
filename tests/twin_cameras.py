"""What tests of cameras share: one simulated camera, known in truth, and pictures of the board before it."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.eyes.board import board_for
from robots.eyes.calibration import CameraCalibration
from robots.eyes.drift import with_marks
from robots.tasks.block_push.geometry import WORKSPACE_HALF
from robots.yumi.twin.calibrated import MARKS, true_calibration
from robots.yumi.twin.camera import Eye
from robots.yumi.twin.optics import optics_of

SIZE = (960, 720)
HELD = ((-0.09, 0.1), (0.09, 0.1), (0.09, -0.1), (-0.09, -0.1), (0.0, 0.09), (0.1, 0.0))
"""Where the board is held, x and y [m]."""


@cache
def eye() -> Eye:
    """The camera: no test depends on which noise it draws."""
    return Eye(optics_of(1), seed=1)


@cache
def known() -> CameraCalibration:
    """What a perfect calibration of it finds, with the marks that it sees."""
    return with_marks(true_calibration(eye().optics), eye().empty(), MARKS)


@cache
def pictures() -> tuple[NDArray[np.uint8], ...]:
    """Of the A3 board, tilted in every second one, and flat in the middle at last."""
    board, shown = board_for("a3"), []
    for number, (x, y) in enumerate(HELD):
        tilt = 0.45 * (number % 2)
        turned = cv2.Rodrigues(np.array([tilt, -tilt * (1 - number % 3), 0.3 * number]))[0]
        shown.append(eye().board(board, np.asarray(turned), (x, y, 0.2 * tilt)))
    return (*shown, eye().board(board))


def grid(above: float = 0.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points all over the workspace, (441, 2) [m], and the pixels that truly show them at a height."""
    steps = np.linspace(-WORKSPACE_HALF, WORKSPACE_HALF, 21)
    points = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    return points, eye().optics.project(np.column_stack([points, np.full(len(points), above)]))
