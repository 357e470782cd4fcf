"""The policy's image: what a small overhead camera sees of the workspace, with sensor noise."""

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.camera import Calibration
from robots.tasks.block_push.geometry import CUBE_HALF, GOAL_RADIUS, OBSTACLE_HALF, WORKSPACE_HALF, corners

SIZE = 64
"""Width and height of the policy's image [px]."""
NOISE_SIGMA = 3.0
"""Standard deviation of the sensor noise [grey levels of 255]."""

_OVERSAMPLING = 4  # Drawn this much larger and averaged down, so that motion below a pixel shows.
_SHIFT = 4  # Binary places of sub-pixel precision that OpenCV is given.
_CANVAS = SIZE * _OVERSAMPLING
_CAMERA = Calibration(_CANVAS, _CANVAS, _CANVAS / (2 * WORKSPACE_HALF))

_TABLE = (52, 54, 60)
_OBSTACLE = (196, 64, 52)
_GOAL = (58, 170, 88)
_CUBE = (70, 140, 245)
_MARK = (235, 240, 250)


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """Workspace points as OpenCV's fixed-point pixels; pixel centres lie at whole numbers there."""
    pixels: NDArray[np.int32] = np.round((_CAMERA.to_pixels(points) - 0.5) * 2**_SHIFT).astype(np.int32)
    return pixels


def _empty_table() -> NDArray[np.uint8]:
    canvas = np.full((_CANVAS, _CANVAS, 3), _TABLE, dtype=np.uint8)
    obstacle = corners(np.zeros((1, 3)), OBSTACLE_HALF)[0]
    cv2.fillConvexPoly(canvas, _fixed(obstacle), _OBSTACLE, cv2.LINE_AA, _SHIFT)
    return canvas


_EMPTY = _empty_table()


def draw(pose: NDArray[np.float64], goal: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The noise-free image of a cube at pose, shape (3,), and a goal, shape (2,): (64, 64, 3) RGB."""
    canvas = _EMPTY.copy()
    centre = _fixed(goal)
    radius = round(GOAL_RADIUS * _CAMERA.pixels_per_metre * 2**_SHIFT)
    cv2.circle(canvas, (int(centre[0]), int(centre[1])), radius, _GOAL, -1, cv2.LINE_AA, _SHIFT)
    outline = corners(pose[None])[0]
    cv2.fillConvexPoly(canvas, _fixed(outline), _CUBE, cv2.LINE_AA, _SHIFT)
    tip = pose[:2] + np.array([np.cos(pose[2]), np.sin(pose[2])]) * CUBE_HALF
    start, end = _fixed(pose[:2]), _fixed(tip)
    cv2.line(
        canvas,
        (int(start[0]), int(start[1])),
        (int(end[0]), int(end[1])),
        _MARK,
        _OVERSAMPLING,
        cv2.LINE_AA,
        _SHIFT,
    )
    return np.asarray(cv2.resize(canvas, (SIZE, SIZE), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def add_noise(image: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """The image with Gaussian sensor noise from the robot's own generator; same shape and dtype."""
    noise = generator.standard_normal(image.shape, dtype=np.float32)
    noise *= NOISE_SIGMA
    noise += image
    np.clip(noise, 0.0, 255.0, out=noise)
    return np.rint(noise, out=noise).astype(np.uint8)
