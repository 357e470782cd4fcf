"""The policy's image: what a small overhead camera sees of the workspace, with sensor noise."""

import math
from statistics import NormalDist

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
GOAL = (58, 170, 88)
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


def _small(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each square of canvas pixels averaged to one pixel of the image."""
    height, width = canvas.shape[0] // _OVERSAMPLING, canvas.shape[1] // _OVERSAMPLING
    return np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


_EMPTY_SMALL = _small(_EMPTY)
_GOAL_REACH = round(GOAL_RADIUS * _CAMERA.pixels_per_metre) + 2
_CUBE_REACH = round(CUBE_HALF * 2**0.5 * _CAMERA.pixels_per_metre) + _OVERSAMPLING + 2
"""How far from its middle each of them may colour the canvas [canvas pixels]."""


def empty_canvas() -> NDArray[np.uint8]:
    """What `draw` draws on, for many images one after the other."""
    return _EMPTY.copy()


def draw(
    pose: NDArray[np.float64], goal: NDArray[np.float64], canvas: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """The noise-free image of a cube at pose, shape (3,), and a goal, shape (2,): (64, 64, 3) RGB.

    canvas: an empty one, which is empty again afterwards; a new one unless given.
    """
    canvas = empty_canvas() if canvas is None else canvas
    tip = pose[:2] + np.array([math.cos(pose[2]), math.sin(pose[2])]) * CUBE_HALF
    places = _fixed(np.concatenate([corners(pose[None])[0], [goal, pose[:2], tip]]))
    centre, start, end = places[4:].tolist()
    radius = round(GOAL_RADIUS * _CAMERA.pixels_per_metre * 2**_SHIFT)
    cv2.circle(canvas, centre, radius, GOAL, -1, cv2.LINE_AA, _SHIFT)
    cv2.fillConvexPoly(canvas, places[:4], _CUBE, cv2.LINE_AA, _SHIFT)
    cv2.line(canvas, start, end, _MARK, _OVERSAMPLING, cv2.LINE_AA, _SHIFT)
    image, touched = _EMPTY_SMALL.copy(), []
    for middle, reach in ((centre, _GOAL_REACH), (start, _CUBE_REACH)):  # The rest is as on an empty table.
        rows, columns = _around(middle[1], reach), _around(middle[0], reach)
        if rows.stop > rows.start and columns.stop > columns.start:
            drawn = canvas[_canvas(rows), _canvas(columns)]
            image[rows, columns] = _small(drawn)
            touched.append((drawn, _EMPTY[_canvas(rows), _canvas(columns)]))
    for drawn, empty in touched:
        drawn[:] = empty
    return image


def _around(middle: int, reach: int) -> slice:
    """Pixels of the image, along one axis, that lie within reach [canvas pixels] of a fixed-point place."""
    place = middle >> _SHIFT
    first = max(0, (place - reach) // _OVERSAMPLING)
    return slice(min(first, SIZE), max(0, min(SIZE, (place + reach) // _OVERSAMPLING + 1)))


def _canvas(pixels: slice) -> slice:
    return slice(pixels.start * _OVERSAMPLING, pixels.stop * _OVERSAMPLING)


def _noise_levels() -> NDArray[np.int16]:
    """Gaussian noise rounded to grey levels, at 2^16 evenly spaced probabilities."""
    normal = NormalDist(0.0, NOISE_SIGMA)
    shares = (np.arange(2**16) + 0.5) / 2**16
    return np.array([round(normal.inv_cdf(share)) for share in shares.tolist()], dtype=np.int16)


_NOISE = _noise_levels()


def add_noise(image: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """The image with Gaussian sensor noise from the robot's own generator; same shape and dtype.

    Grey levels are whole, so the noise is drawn as whole levels: a table of the normal distribution's
    quantiles is ten times as fast as normal numbers that are rounded.
    """
    drawn = np.frombuffer(generator.bytes(2 * image.size), dtype="<u2").reshape(image.shape)
    noisy = cv2.add(_NOISE.take(drawn), image, dtype=cv2.CV_8U)  # Ends at 0 and 255.
    return np.asarray(noisy, dtype=np.uint8)
