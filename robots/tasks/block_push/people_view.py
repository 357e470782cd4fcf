"""The image for people: a crisp 640x480 overhead view, with the last push as a thin trail."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.camera import FRAME_HEIGHT, FRAME_WIDTH, Calibration
from robots.fleet import Frame
from robots.tasks.block_push.geometry import (
    CUBE_HALF,
    FULL_PUSH,
    GOAL_RADIUS,
    OBSTACLE_HALF,
    WORKSPACE_HALF,
    corners,
)
from robots.tasks.block_push.push import PLATE_HALF_DEPTH, PLATE_HALF_WIDTH

CAMERA = Calibration(FRAME_WIDTH, FRAME_HEIGHT, FRAME_HEIGHT / 0.44)
"""0.44 m high: the workspace with a margin of 2 cm above and below."""
REACH = CAMERA.reach(FULL_PUSH)

_SHIFT = 4
_FLOOR = (24, 27, 33)
_TABLE = (40, 45, 54)
_GRID = (49, 55, 66)
_BORDER = (110, 120, 136)
_OBSTACLE = (92, 58, 58)
_HATCH = (150, 84, 78)
_OBSTACLE_EDGE = (214, 116, 104)
GOAL = (92, 214, 138)
GOAL_FILL = (48, 88, 70)
_TRAIL = (150, 170, 205)
_CUBE = (72, 138, 240)
_CUBE_EDGE = (176, 208, 255)
_MARK = (245, 248, 255)
_PUSHER = (238, 190, 92)
_NOISE_SIGMA = 1.5
_NOISE_MARGIN = 64

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """Workspace points as OpenCV's fixed-point pixels; pixel centres lie at whole numbers there."""
    pixels: NDArray[np.int32] = np.round((CAMERA.to_pixels(points) - 0.5) * 2**_SHIFT).astype(np.int32)
    return pixels


def _polygon(image: Image, points: NDArray[np.float64], fill: Colour, edge: Colour, thickness: int) -> None:
    outline = _fixed(points)
    cv2.fillConvexPoly(image, outline, fill, cv2.LINE_AA, _SHIFT)
    cv2.polylines(image, [outline], True, edge, thickness, cv2.LINE_AA, _SHIFT)


def _disc(image: Image, centre: NDArray[np.float64], radius: float, colour: Colour, thickness: int) -> None:
    x, y = _fixed(centre)
    size = round(radius * CAMERA.pixels_per_metre * 2**_SHIFT)
    cv2.circle(image, (int(x), int(y)), size, colour, thickness, cv2.LINE_AA, _SHIFT)


def _line(
    image: Image, start: NDArray[np.float64], end: NDArray[np.float64], colour: Colour, thickness: int
) -> None:
    (x0, y0), (x1, y1) = _fixed(np.stack([start, end]))
    cv2.line(image, (int(x0), int(y0)), (int(x1), int(y1)), colour, thickness, cv2.LINE_AA, _SHIFT)


@cache
def _empty_table() -> Image:
    """Table, grid, walls and obstacle: everything that never moves."""
    image = np.full((FRAME_HEIGHT, FRAME_WIDTH, 3), _FLOOR, dtype=np.uint8)
    half = WORKSPACE_HALF
    outline = corners(np.zeros((1, 3)), half)[0]
    cv2.fillConvexPoly(image, _fixed(outline), _TABLE, cv2.LINE_AA, _SHIFT)
    for at in np.arange(-3, 4) * 0.05:
        _line(image, np.array([at, -half]), np.array([at, half]), _GRID, 1)
        _line(image, np.array([-half, at]), np.array([half, at]), _GRID, 1)
    cv2.polylines(image, [_fixed(outline)], True, _BORDER, 2, cv2.LINE_AA, _SHIFT)
    _hatched_obstacle(image)
    return image


def _hatched_obstacle(image: Image) -> None:
    half = OBSTACLE_HALF
    square = corners(np.zeros((1, 3)), half)[0]
    _polygon(image, square, _OBSTACLE, _OBSTACLE_EDGE, 2)
    for offset in np.arange(-0.08, 0.081, 0.02):  # Lines y = x + offset, cut at the square's sides.
        low, high = max(-half, -half - offset), min(half, half - offset)
        _line(image, np.array([low, low + offset]), np.array([high, high + offset]), _HATCH, 2)
    cv2.polylines(image, [_fixed(square)], True, _OBSTACLE_EDGE, 2, cv2.LINE_AA, _SHIFT)


@cache
def _noise_tile() -> NDArray[np.int16]:
    """A field of noise that frames cut their own window from: cheaper than fresh noise a frame."""
    size = (FRAME_HEIGHT + _NOISE_MARGIN, FRAME_WIDTH + _NOISE_MARGIN, 3)
    noise = np.random.default_rng(0).standard_normal(size, dtype=np.float32) * _NOISE_SIGMA
    tile: NDArray[np.int16] = np.rint(noise).astype(np.int16)
    return tile


def _with_noise(image: Image, generator: np.random.Generator) -> Image:
    top, left = (int(value) for value in generator.integers(0, _NOISE_MARGIN, size=2))
    window = _noise_tile()[top : top + FRAME_HEIGHT, left : left + FRAME_WIDTH]
    return np.asarray(cv2.add(image, window, dtype=cv2.CV_8U), dtype=np.uint8)


def _plate(first: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners of the end effector at centre, (4, 2) [m]; first, shape (5,), is a push's first moment."""
    along = (first[:2] - first[3:]) / np.hypot(*(first[:2] - first[3:]))
    across = np.array([-along[1], along[0]])
    depth, width = along * PLATE_HALF_DEPTH, across * PLATE_HALF_WIDTH
    outline: NDArray[np.float64] = centre + np.stack(
        [depth + width, width - depth, -depth - width, depth - width]
    )
    return outline


def draw_frame(
    trail: NDArray[np.float64],
    goal: NDArray[np.float64],
    moment: NDArray[np.float64],
    moving: bool,
    generator: np.random.Generator,
) -> Frame:
    """The camera's image at one moment of a push.

    trail, shape (K, 5): the push so far, as in push.Push; goal, shape (2,); moment, shape (5,): cube's
    pose and end effector's position now. The end effector is in sight only while the cube is moving.
    """
    image = _empty_table().copy()
    _disc(image, goal, GOAL_RADIUS, GOAL_FILL, -1)
    _disc(image, goal, GOAL_RADIUS, GOAL, 2)
    pose = moment[:3]
    path = np.concatenate([trail[:, :2], pose[None, :2]])
    if np.ptp(path, axis=0).max() > 0.0:
        cv2.polylines(image, [_fixed(path)], False, _TRAIL, 1, cv2.LINE_AA, _SHIFT)
        _disc(image, path[0], 0.003, _TRAIL, -1)
    if moving:
        _polygon(image, _plate(trail[0], moment[3:]), _PUSHER, _PUSHER, 1)
    _polygon(image, corners(pose[None])[0], _CUBE, _CUBE_EDGE, 2)
    heading = np.array([np.cos(pose[2]), np.sin(pose[2])])
    _line(image, pose[:2] + heading * 0.006, pose[:2] + heading * (CUBE_HALF - 0.004), _MARK, 2)
    _disc(image, pose[:2], 0.0025, _MARK, -1)
    return Frame(image=_with_noise(image, generator), anchor=CAMERA.to_fraction(pose[:2]), reach=REACH)
