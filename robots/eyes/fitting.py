"""From pictures of the board to a calibration: the lens from all of them, the workspace from the last."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.eyes.board import FEWEST_CORNERS
from robots.eyes.calibration import CameraCalibration
from robots.eyes.lens import CalibrationError, Lens

FEWEST_VIEWS = 5
"""Pictures of the board that a lens is measured from, at least."""
VAGUE_FOCAL = 0.02
"""A focal length that is known no better than this share of it says too little about heights."""
FEWEST_TILTED = 3
"""Pictures in which the board is tilted, at least: flat ones leave the focal length open."""
TILTED = math.radians(10)
"""What counts as tilted [rad]."""
FEWEST_COVERED = 0.7
"""Share of the workspace near which the board has been seen, at least."""

_NEAR = 0.06  # [m]


@dataclass(frozen=True)
class View:
    """The board's corners in one picture."""

    name: str
    """What people know the picture by."""
    places: NDArray[np.float64]
    """On the board, (K, 2) [m]."""
    pixels: NDArray[np.float64]
    """In the picture, (K, 2) [px]."""


@dataclass(frozen=True)
class Fitted:
    """A calibration and what it rests on."""

    calibration: CameraCalibration
    covered: float
    """Share of the workspace near which the board has been seen."""
    worst_view: str
    """The picture whose corners fit least."""


def fit(views: Sequence[View], size: tuple[int, int], half: float, date: str) -> Fitted:
    """What the pictures say. size: width and height [px]; half: of the workspace's side [m].

    In the last picture the board lies flat on the table, its middle in the workspace's and its long side
    along x; the text under it is towards -y. In the others it may be held anywhere, some of them tilted.
    Raises CalibrationError for too few pictures, or pictures that say too little.
    """
    if views and len(views[-1].places) < FEWEST_CORNERS:
        raise CalibrationError(
            f"the last picture, {views[-1].name}, shows {len(views[-1].places)} of the board's corners, but "
            f"the workspace is told by it: lay the board flat in its middle, in sight, as the last picture"
        )
    used = [view for view in views if len(view.places) >= FEWEST_CORNERS]
    if len(used) < FEWEST_VIEWS:
        raise CalibrationError(
            f"{len(used)} of {len(views)} pictures show the board, but a lens takes {FEWEST_VIEWS} at least: "
            "take more, with the board in every part of the picture and tilted in some, or use --corners"
        )
    lens, turns, shifts = _lens(used, size)
    planes = [
        lens.matrix @ np.column_stack([cv2.Rodrigues(turn)[0][:, :2], shift])
        for turn, shift in zip(turns, shifts, strict=True)
    ]
    offs = [_off_mm(view, lens, plane) for view, plane in zip(used, planes, strict=True)]
    every = np.concatenate(offs)
    homography = np.linalg.inv(planes[-1])
    calibration = CameraCalibration(
        kind="charuco",
        width=size[0],
        height=size[1],
        homography=tuple((homography / homography[2, 2]).ravel().tolist()),
        date=date,
        lens=lens,
        error_mm=float(np.sqrt(np.mean(every**2))),
        worst_mm=float(every.max()),
    )
    covered = _covered(calibration, used, half)
    if covered < FEWEST_COVERED:
        raise CalibrationError(
            f"the board was seen near {covered:.0%} of the workspace, but {FEWEST_COVERED:.0%} at least is "
            "needed: take more pictures, with the board in the workspace's corners too"
        )
    worst = used[int(np.argmax([off.max() for off in offs]))].name
    return Fitted(calibration, covered, worst)


def _lens(
    views: Sequence[View], size: tuple[int, int]
) -> tuple[Lens, list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """The lens, and how the board was turned and shifted before it in each picture."""
    on_board = [np.column_stack([view.places, np.zeros(len(view.places))]) for view in views]
    found = cv2.calibrateCameraExtended(
        [points.astype(np.float32) for points in on_board],
        [view.pixels.astype(np.float32) for view in views],
        size,
        np.eye(3),
        np.zeros(5),
        flags=cv2.CALIB_FIX_K3,
    )
    _, matrix, distortion, turns, shifts, spread = found[:6]
    vague = float(np.max(np.ravel(spread)[:2] / np.diag(matrix)[:2]))
    if not vague <= VAGUE_FOCAL:
        raise CalibrationError(
            f"the pictures leave the focal length open by {vague:.1%}, but {VAGUE_FOCAL:.0%} at most is of "
            "use: take some with the board tilted by 20 to 40 degrees"
        )
    facing = np.stack([np.asarray(cv2.Rodrigues(turn)[0])[:, 2] for turn in turns])  # (V, 3)
    tilted = int(np.sum(facing @ facing[-1] < math.cos(TILTED)))
    if tilted < FEWEST_TILTED:  # What the fit says of its own focal length means nothing then.
        raise CalibrationError(
            f"{tilted} of {len(views)} pictures show the board tilted against how it lies in the last, but "
            f"{FEWEST_TILTED} at least are needed to measure the lens: tilt it by 20 to 40 degrees in more"
        )
    k1, k2, p1, p2, k3 = np.ravel(distortion)[:5].tolist()
    lens = Lens((matrix[0, 0], matrix[1, 1]), (matrix[0, 2], matrix[1, 2]), (k1, k2, p1, p2, k3))
    return lens, [np.asarray(turn, dtype=np.float64) for turn in turns], [np.ravel(shift) for shift in shifts]


def _off_mm(view: View, lens: Lens, plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each corner of a picture lies from its place on the board, seen through the fit, (K,) [mm]."""
    pixels = np.column_stack([lens.undistort(view.pixels), np.ones(len(view.pixels))])
    seen = pixels @ np.linalg.inv(plane).T
    off: NDArray[np.float64] = np.linalg.norm(seen[:, :2] / seen[:, 2:] - view.places, axis=1) * 1000
    return off


def _covered(calibration: CameraCalibration, views: Sequence[View], half: float) -> float:
    pixels = np.concatenate([view.pixels for view in views])
    seen = calibration.to_workspace(pixels)
    grid = (np.arange(8) + 0.5) / 8 * 2 * half - half
    cells = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 1, 2)
    nearest = np.linalg.norm(cells - seen, axis=-1).min(axis=1)
    return float(np.mean(nearest < _NEAR))
