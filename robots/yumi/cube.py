"""Where the cube is on a straight-down view, and how sure that is."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.camera import Calibration
from robots.tasks.block_push.geometry import CUBE_HALF
from robots.yumi.colours import Colours, Mask
from robots.yumi.square import Square, fit_square

LEAST_SEEN = 0.25
"""A blob of less than this share of the cube's top is no cube."""

_TOP = 0.82  # Sides of the cube are darker than this share of its top.
_PAD = 6  # Round the blob [px].
_ACROSS = np.arange(-2.5, 2.51, 0.5)  # Where brightness is asked for across an edge [px].
_EDGE = 0.2  # Beyond an edge it is darker by at least this share of what is within.
_BAR = np.arange(0.008, 0.0151, 0.001)  # Along the mark, from the middle [m].


@dataclass(frozen=True)
class CubeSeen:
    """One reading."""

    pose: tuple[float, float, float]
    """x, y [m], yaw [rad] in the workspace."""
    confidence: float
    """That the pose is so, 0 to 1."""
    marked: bool
    """Whether the mark tells which way it is turned; elsewhere its yaw is right but for quarter turns."""


def find_cube(view: NDArray[np.uint8], camera: Calibration, colours: Colours) -> CubeSeen | None:
    """The cube on a view, (H, W, 3) RGB, that is rectified at the height of its top; None where none is."""
    hsv = np.asarray(cv2.cvtColor(view, cv2.COLOR_RGB2HSV), dtype=np.uint8)
    mask = colours.cube.mask(hsv)
    nominal = (2 * CUBE_HALF * camera.pixels_per_metre) ** 2
    blobs = [np.asarray(blob) for blob in cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]]
    areas = np.array([cv2.contourArea(blob) for blob in blobs])
    if areas.max(initial=0.0) < LEAST_SEEN * nominal:
        return None
    largest = int(np.argmax(areas))
    clutter = float(np.delete(areas, largest).max(initial=0.0)) / nominal
    left, top, width, height = cv2.boundingRect(blobs[largest])
    rows = slice(max(0, top - _PAD), top + height + _PAD)
    columns = slice(max(0, left - _PAD), left + width + _PAD)
    corner = (columns.start, rows.start)
    blob = np.zeros_like(mask[rows, columns])
    cv2.drawContours(blob, [blobs[largest] - corner], -1, 255, -1)
    grey = np.asarray(
        cv2.cvtColor(np.ascontiguousarray(view[rows, columns]), cv2.COLOR_RGB2GRAY), dtype=np.uint8
    )
    square = _outline(grey, hsv[rows, columns], (blob & mask[rows, columns]) > 0, camera, colours)
    if square is None:
        return None
    centre = camera.to_workspace(np.array([square.x, square.y]) + corner + 0.5)
    yaw, marked = _turned(hsv, camera, centre, -square.yaw, colours.mark)
    return CubeSeen((float(centre[0]), float(centre[1]), yaw), _sure(square, camera, clutter), marked)


def _outline(
    value: NDArray[np.uint8],
    hsv: NDArray[np.uint8],
    blob: NDArray[np.bool_],
    camera: Calibration,
    colours: Colours,
) -> Square | None:
    """The top of the cube as a square, in pixels of a part of the view, which is given in grey and in HSV.

    Grey tells top from sides even where the strongest of three colours is as bright as a picture can be.
    """
    bright = _TOP * float(np.percentile(value[blob], 75))
    body = (blob & (value >= bright)).astype(np.uint8)
    contours, _ = cv2.findContours(body, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    contour = np.asarray(max(contours, key=cv2.contourArea))
    middle, _, angle = cv2.minAreaRect(contour)
    points = contour.reshape(-1, 2).astype(np.float64)
    hidden = _dilated(colours.tool.mask(hsv), 3)
    height, width = hidden.shape
    at_edge = (points[:, 0] <= 0) | (points[:, 1] <= 0)
    at_edge |= (points[:, 0] >= width - 1) | (points[:, 1] >= height - 1)
    own = points[(hidden[contour[:, 0, 1], contour[:, 0, 0]] == 0) & ~at_edge]
    half = CUBE_HALF * camera.pixels_per_metre
    rough = fit_square(
        own, (middle[0], middle[1], math.radians(angle)), half - 0.5
    )  # Centres of pixels inside.
    return fit_square(_on_edges(value, own, rough), (rough.x, rough.y, rough.yaw), half)


def _on_edges(value: NDArray[np.uint8], points: NDArray[np.float64], rough: Square) -> NDArray[np.float64]:
    """Points on a rough outline, (K, 2), moved across it to where the brightness is half way, finer than a
    pixel: the table beside the top is darker than the cube's own sides are. Those on no edge are left out.
    """
    along = np.array([math.cos(rough.yaw), math.sin(rough.yaw)])
    from_middle = points - (rough.x, rough.y)
    main, across = from_middle @ along, from_middle @ np.array([-along[1], along[0]])
    outwards = np.where(
        (np.abs(main) >= np.abs(across))[:, None],
        np.sign(main)[:, None] * along,
        np.sign(across)[:, None] * np.array([-along[1], along[0]]),
    )
    places = (points[:, None] + outwards[:, None] * _ACROSS[:, None]).astype(np.float32)  # (K, S, 2)
    seen = cv2.remap(value, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    profile = np.asarray(seen, dtype=np.float64)
    half_way = (profile[:, 0] + profile[:, -1]) / 2
    after = np.maximum(np.argmax(profile < half_way[:, None], axis=1), 1)
    every = np.arange(len(points))
    high, low = profile[every, after - 1], profile[every, after]
    share = (high - half_way) / np.maximum(high - low, 1.0)
    shift = _ACROSS[after - 1] + share * (_ACROSS[1] - _ACROSS[0])
    kept = profile[:, 0] - profile[:, -1] > _EDGE * profile[:, 0]
    moved: NDArray[np.float64] = (points + outwards * shift[:, None])[kept]
    return moved


def _dilated(mask: Mask, reach: int) -> Mask:
    return np.asarray(
        cv2.dilate(mask, np.ones((2 * reach + 1, 2 * reach + 1), dtype=np.uint8)), dtype=np.uint8
    )


def _turned(
    hsv: NDArray[np.uint8], camera: Calibration, centre: NDArray[np.float64], yaw: float, share: float
) -> tuple[float, bool]:
    """Which of four quarter turns the mark points to: where the cube is least vivid; yaw from -pi to pi."""
    vivid = []
    for quarter in range(4):
        angle = yaw + quarter * math.pi / 2
        points = centre + _BAR[:, None] * np.array([math.cos(angle), math.sin(angle)])
        pixels = np.floor(camera.to_pixels(points)).astype(int)
        inside = (pixels >= 0).all(axis=1) & (pixels < (camera.width, camera.height)).all(axis=1)
        seen = hsv[pixels[inside, 1], pixels[inside, 0], 1]
        vivid.append(float(np.median(seen)) if len(seen) else 255.0)
    best = int(np.argmin(vivid))
    marked = vivid[best] < share * float(np.median(vivid))
    turned = yaw + best * math.pi / 2
    return math.atan2(math.sin(turned), math.cos(turned)), marked


def _sure(square: Square, camera: Calibration, clutter: float) -> float:
    """How well the outline is one of a cube's top, all of it in sight, and the only one."""
    if not math.isfinite(square.residual):
        return 0.0
    per_mm = camera.pixels_per_metre / 1000
    wrong_size = abs(square.half - CUBE_HALF * camera.pixels_per_metre) / per_mm
    parts = (
        _falling(square.residual / per_mm, 0.6, 2.5),
        _falling(wrong_size, 1.0, 4.0),
        _falling(1 - square.visible, 0.3, 0.8),
        _falling(clutter, 0.1, 0.8),
    )
    return math.prod(parts)


def _falling(value: float, good: float, bad: float) -> float:
    """1 up to a good value, 0 from a bad one on, straight between."""
    return min(1.0, max(0.0, (bad - value) / (bad - good)))
