"""The image for people: the maze from above, 640x480, with the robot and where it came from."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.camera import FRAME_HEIGHT, FRAME_WIDTH, Calibration
from robots.fleet import Frame
from robots.tasks.navigation.maze import COLUMNS, FREE, GOAL, ROWS, START, WINDY

CAMERA = Calibration(FRAME_WIDTH, FRAME_HEIGHT, 22.0)
"""22 pixels a cell; the camera's origin is the middle of the maze."""
REACH = CAMERA.reach(1.0)

_SHIFT = 4
_WALL = (24, 27, 33)
_FLOOR = (52, 58, 69)
_GRID = (62, 69, 82)
_BREEZE = (104, 164, 232)
_START = (122, 162, 247)
_GOAL = (92, 214, 138)
_TRAIL = (150, 170, 205)
_ROBOT = (238, 190, 92)
_ROBOT_EDGE = (255, 232, 184)
_STUCK = (214, 96, 84)

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]


def to_camera(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Middles of cells, shape (..., 2), in the camera's coordinates (origin in the middle of the maze)."""
    middle: NDArray[np.float64] = np.asarray(cells, dtype=np.float64) - [(COLUMNS - 1) / 2, (ROWS - 1) / 2]
    return middle


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """Points in cells as OpenCV's fixed-point pixels; pixel centres lie at whole numbers there."""
    pixels = CAMERA.to_pixels(to_camera(points))
    fixed: NDArray[np.int32] = np.round((pixels - 0.5) * 2**_SHIFT).astype(np.int32)
    return fixed


def _square(image: Image, cell: tuple[int, int], half: float, colour: Colour) -> None:
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]]) + cell
    cv2.fillConvexPoly(image, _fixed(corners), colour, cv2.LINE_AA, _SHIFT)


def _cross(image: Image, cell: tuple[int, int], colour: Colour) -> None:
    for dx, dy in ((0.3, 0.3), (0.3, -0.3)):
        ends = _fixed(np.array([[-dx, -dy], [dx, dy]]) + cell)
        cv2.line(image, ends[0].tolist(), ends[1].tolist(), colour, 3, cv2.LINE_AA, _SHIFT)


@cache
def _empty_maze(windy: bool) -> Image:
    """Everything that never moves."""
    image = np.full((FRAME_HEIGHT, FRAME_WIDTH, 3), _WALL, dtype=np.uint8)
    for column, row in np.argwhere(FREE).tolist():
        _square(image, (column, row), 0.5, _GRID)
        _square(image, (column, row), 0.46, _FLOOR)
    for column, row in np.argwhere(WINDY).tolist() if windy else ():
        tail, tip = _fixed(np.array([[column, row - 0.3], [column, row + 0.3]])) >> _SHIFT
        cv2.arrowedLine(image, tail.tolist(), tip.tolist(), _BREEZE, 1, cv2.LINE_AA, tipLength=0.4)
    _cross(image, START, _START)
    _cross(image, GOAL, _GOAL)
    return image


def draw_frame(trail: NDArray[np.float64], windy: bool, stuck: bool) -> Frame:
    """The camera's image now.

    trail, shape (K, 2), K at least 1: cells of the episode so far, the last one being where the robot is.
    windy: whether wind blows. stuck: whether the robot waits for a hard reset.
    """
    image = _empty_maze(windy).copy()
    cv2.polylines(image, [_fixed(trail)], False, _TRAIL, 2, cv2.LINE_AA, _SHIFT)
    x, y = _fixed(trail[-1]).tolist()
    radius = round(0.34 * CAMERA.pixels_per_metre * 2**_SHIFT)
    cv2.circle(image, (x, y), radius, _STUCK if stuck else _ROBOT, -1, cv2.LINE_AA, _SHIFT)
    cv2.circle(image, (x, y), radius, _ROBOT_EDGE, 2, cv2.LINE_AA, _SHIFT)
    return Frame(image=image, anchor=CAMERA.to_fraction(to_camera(trail[-1])), reach=REACH)
