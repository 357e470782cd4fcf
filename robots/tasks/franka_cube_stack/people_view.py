"""The image for people: table, cubes and gripper from above and from the side, 640x480."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.camera import FRAME_HEIGHT, FRAME_WIDTH
from robots.fleet import Frame
from robots.tasks.franka_cube_stack.geometry import rotation
from robots.tasks.franka_cube_stack.stacking import SIZE_A, SIZE_B, TABLE_TOP

_SHIFT = 4
_PIXELS_PER_METRE = 500.0
_ABOVE = np.array([160.0, 240.0])  # Where the table's middle lies in the view from above [px].
_BESIDE = np.array([480.0, 400.0])  # Where the table's top middle lies in the view from the side [px].
_BACKGROUND = (24, 27, 33)
_TABLE = (52, 58, 69)
_EDGE = (110, 120, 136)
_CUBE_A = (226, 96, 84)
_CUBE_B = (92, 190, 122)
_OUTLINE = (236, 240, 248)
_HAND = (176, 186, 205)
_FINGER = (238, 190, 92)
_TEXT = (150, 160, 178)
_FINGER_WIDTH = 0.018
_FINGER_DEPTH = 0.01
_PAD_OFFSET = 0.006

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]
Floats = NDArray[np.float64]


def _above(points: Floats) -> Floats:
    """World points (..., 3) in the view from above: x to the right, y up [px]."""
    return _ABOVE + points[..., :2] * [_PIXELS_PER_METRE, -_PIXELS_PER_METRE]


def _beside(points: Floats) -> Floats:
    """World points (..., 3) in the view from the front of the table: y to the right, z up [px]."""
    flat = points[..., 1:] - [0.0, TABLE_TOP]
    return _BESIDE + flat * [_PIXELS_PER_METRE, -_PIXELS_PER_METRE]


def _box(centre: Floats, rotation: Floats, sides: tuple[float, float, float]) -> Floats:
    """Corners of a box, (8, 3)."""
    signs = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)])
    return centre + (signs * sides / 2) @ rotation.T


def _outline(image: Image, points: Floats, fill: Colour) -> None:
    hull = cv2.convexHull(np.round((points - 0.5) * 2**_SHIFT).astype(np.int32))
    cv2.fillConvexPoly(image, hull, fill, cv2.LINE_AA, _SHIFT)
    cv2.polylines(image, [hull], True, _OUTLINE, 1, cv2.LINE_AA, _SHIFT)


@cache
def _empty_table() -> Image:
    image = np.full((FRAME_HEIGHT, FRAME_WIDTH, 3), _BACKGROUND, dtype=np.uint8)
    cv2.rectangle(image, (8, 60), (312, 420), _TABLE, -1)
    cv2.rectangle(image, (328, 400), (632, 412), _TABLE, -1)
    cv2.line(image, (328, 400), (632, 400), _EDGE, 1)
    for text, left in (("from above", 8), ("from the front", 328)):
        cv2.putText(image, text, (left, 44), cv2.FONT_HERSHEY_SIMPLEX, 0.5, _TEXT, 1, cv2.LINE_AA)
    return image


def draw_frame(cube_a: Floats, cube_b: Floats, grip: Floats, hand: Floats, opening: float) -> Frame:
    """What is on the table now.

    cube_a, cube_b: poses, (7,), metres and quaternion, w first; grip: point between the finger tips, (3,)
    [m]; hand: its orientation, (4,), w first; opening: sum of the fingers' positions [m].
    """
    image = _empty_table().copy()
    turn = rotation(hand)
    across = turn[:, 1] * (opening / 2 + _PAD_OFFSET + _FINGER_DEPTH / 2)
    boxes = [
        (_box(cube_b[:3], rotation(cube_b[3:]), (SIZE_B,) * 3), _CUBE_B),
        (_box(cube_a[:3], rotation(cube_a[3:]), (SIZE_A,) * 3), _CUBE_A),
        (_box(grip - 0.07 * turn[:, 2], turn, (0.063, 0.2, 0.066)), _HAND),
    ]
    for side in (across, -across):
        middle = grip + side - 0.013 * turn[:, 2]
        boxes.append((_box(middle, turn, (_FINGER_WIDTH, _FINGER_DEPTH, 0.046)), _FINGER))
    for project, order in ((_above, 2), (_beside, 0)):
        # What is nearer to the eye is drawn last; the hand is only a thin outline from above.
        for corners, colour in sorted(boxes, key=lambda box: float(box[0][:, order].mean())):
            if project is _above and colour == _HAND:
                hull = cv2.convexHull(np.round(_above(corners)).astype(np.int32))
                cv2.polylines(image, [hull], True, _HAND, 1, cv2.LINE_AA)
                continue
            _outline(image, project(corners), colour)
    return Frame(image=image, anchor=None, reach=0.0)
