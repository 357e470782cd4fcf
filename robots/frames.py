"""Frames for people from images that were not made for them, or from none."""

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.camera import FRAME_HEIGHT, FRAME_WIDTH
from robots.fleet import Frame

_BACKGROUND = 24
_TEXT = (200, 205, 215)


def fitted(picture: NDArray[np.uint8]) -> Frame:
    """A picture, (H, W, 3) RGB, as large as fits into a frame, its proportions kept; clicks mean nothing."""
    scale = min(FRAME_HEIGHT / picture.shape[0], FRAME_WIDTH / picture.shape[1])
    height, width = round(picture.shape[0] * scale), round(picture.shape[1] * scale)
    top, left = (FRAME_HEIGHT - height) // 2, (FRAME_WIDTH - width) // 2
    image = np.full((FRAME_HEIGHT, FRAME_WIDTH, 3), _BACKGROUND, dtype=np.uint8)
    resized = cv2.resize(np.ascontiguousarray(picture), (width, height), interpolation=cv2.INTER_AREA)
    image[top : top + height, left : left + width] = resized
    return Frame(image=image, anchor=None, reach=0.0)


def no_picture(notice: str) -> Frame:
    """A frame that says in words why there is nothing to see."""
    image = np.full((FRAME_HEIGHT, FRAME_WIDTH, 3), _BACKGROUND, dtype=np.uint8)
    cv2.putText(image, notice, (40, 240), cv2.FONT_HERSHEY_SIMPLEX, 0.6, _TEXT, 1, cv2.LINE_AA)
    return Frame(image=image, anchor=None, reach=0.0)
