"""Painting what a simulated camera sees: polygons of the workspace, averaged down to pixels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.eyes.board import Board
from robots.tasks.block_push.geometry import CUBE_HALF, OBSTACLE_HALF, WORKSPACE_HALF
from robots.tasks.block_push.push import PLATE_HALF_DEPTH, PLATE_HALF_WIDTH
from robots.yumi.twin.optics import Optics

FINER = 4
"""Painted this much finer than the image along each axis."""
CUBE_HEIGHT = 2 * CUBE_HALF
TOOL_HEIGHT = 0.08
"""Of the plate that is lowered onto the table [m]."""
CORNER_MARK = 0.008
"""Radius of the quartered discs at the workspace's corners [m]."""

FLOOR = (30, 31, 34)
TABLE = (52, 54, 60)
WALL = (112, 116, 124)
OBSTACLE = (196, 64, 52)
CUBE = (70, 140, 245)
MARK = (235, 240, 250)
PUSHER = (238, 190, 92)
INK, PAPER = (18, 18, 20), (226, 226, 220)

_SHIFT = 4
_LIGHT = np.array([-0.5, 0.8])  # Where the lamp is, seen from the table: sides facing it are brighter.

Colour = tuple[int, int, int]
Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Surface:
    """A flat polygon of the workspace in one colour."""

    outline: NDArray[np.float64]
    """Corners, (K, 3) [m]."""
    colour: Colour


def places(optics: Optics, surfaces: Sequence[Surface]) -> list[NDArray[np.float64]]:
    """Where the camera sees the corners of each surface, (K, 2) [px]."""
    pixels = optics.project(np.concatenate([surface.outline for surface in surfaces]))
    return np.split(pixels, np.cumsum([len(surface.outline) for surface in surfaces])[:-1])


def paint(
    outlines: Sequence[NDArray[np.float64]],
    colours: Sequence[Colour],
    under: Image,
    corner: tuple[int, int] = (0, 0),
) -> Image:
    """Polygons, (K, 2) [px], the last on top, over a part of an image with its top left pixel at corner."""
    height, width = under.shape[:2]
    finer = (width * FINER, height * FINER)
    canvas = np.asarray(cv2.resize(under, finer, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    for outline, colour in zip(outlines, colours, strict=True):
        fixed = np.round(((outline - corner + 0.5) * FINER - 0.5) * 2**_SHIFT).astype(np.int32)
        cv2.fillPoly(canvas, [fixed], colour, cv2.LINE_8, _SHIFT)
    return np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def fixed_things() -> list[Surface]:
    """Table, walls, obstacle and the corner marks: all that never moves, from below to above."""
    surfaces = [Surface(_flat(_square(0.30), step=0.01), TABLE)]
    outer, inner = _square(WORKSPACE_HALF + 0.003), _square(WORKSPACE_HALF)
    for k in range(4):
        after = (k + 1) % 4
        strip = np.stack([outer[k], outer[after], inner[after], inner[k]])
        surfaces.append(Surface(_flat(strip, step=0.01), WALL))
    for centre in inner:
        surfaces += _quartered(centre)
    return [*surfaces, Surface(_flat(_square(OBSTACLE_HALF), step=0.01), OBSTACLE)]


def cube_at(optics: Optics, pose: Sequence[float]) -> list[Surface]:
    """The sides of the cube that are in sight, its top and the mark on it, for a pose x, y [m], yaw [rad]."""
    x, y, yaw = pose
    surfaces = _prism(optics, _box(x, y, yaw, CUBE_HALF, CUBE_HALF), CUBE_HEIGHT, CUBE)
    along = np.array([math.cos(yaw), math.sin(yaw)])
    centre, across = np.array([x, y]), np.array([-along[1], along[0]])
    bar = [(0.006, 1), (CUBE_HALF - 0.004, 1), (CUBE_HALF - 0.004, -1), (0.006, -1)]
    line = np.stack([centre + along * reach + across * 0.0012 * side for reach, side in bar])
    dot = centre + 0.0025 * _round(12)
    return [*surfaces, *(Surface(_at_height(part, CUBE_HEIGHT), MARK) for part in (line, dot))]


def tool_at(optics: Optics, x: float, y: float, heading: float) -> list[Surface]:
    """The plate at the end of the arm, facing heading [rad], where it is lowered."""
    plate = _box(x, y, heading, PLATE_HALF_DEPTH, PLATE_HALF_WIDTH)
    return _prism(optics, plate, TOOL_HEIGHT, PUSHER)


def board_on(board: Board, turned: NDArray[np.float64], shift: Sequence[float]) -> list[Surface]:
    """A calibration board, its sheet turned, shape (3, 3), and shifted, (3,) [m], in the workspace."""
    half = np.array(board.sheet) / 2
    sheet = _flat(half * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]), step=0.01)
    parts = [Surface(sheet, PAPER)]
    for left, bottom, right, top in board.black().tolist():
        corners = np.array([[left, bottom], [right, bottom], [right, top], [left, top]])
        parts.append(Surface(_flat(corners, step=0.01), INK))
    return [Surface(part.outline @ turned.T + shift, part.colour) for part in parts]


def _prism(optics: Optics, base: NDArray[np.float64], height: float, colour: Colour) -> list[Surface]:
    """A convex body that stands on the table: the sides that face the camera, then its top."""
    eye = np.array(optics.at[:2])
    surfaces = []
    for k in range(len(base)):
        first, second = base[k], base[(k + 1) % len(base)]
        outwards = np.array([second[1] - first[1], first[0] - second[0]])
        if (eye - first) @ outwards > 0:
            shade = 0.58 + 0.1 * float(outwards @ _LIGHT) / float(np.linalg.norm(outwards))
            side = np.array([[*first, 0.0], [*second, 0.0], [*second, height], [*first, height]])
            red, green, blue = (round(part * shade) for part in colour)
            surfaces.append(Surface(side, (red, green, blue)))
    return [*surfaces, Surface(_at_height(base, height), colour)]


def _quartered(centre: NDArray[np.float64]) -> list[Surface]:
    """A disc of which two opposite quarters are white and two black: its middle is sharp from any side."""
    parts = []
    for quarter in range(4):
        angles = np.linspace(quarter, quarter + 1, 7) * math.pi / 2
        rim = centre + CORNER_MARK * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        parts.append(Surface(_at_height(np.vstack([centre, rim]), 0.0), (PAPER, INK)[quarter % 2]))
    return parts


def _square(half: float) -> NDArray[np.float64]:
    return half * np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])


def _box(x: float, y: float, yaw: float, half_depth: float, half_width: float) -> NDArray[np.float64]:
    """Corners of a rectangle, counter-clockwise, (4, 2)."""
    along = np.array([math.cos(yaw), math.sin(yaw)]) * half_depth
    across = np.array([-math.sin(yaw), math.cos(yaw)]) * half_width
    return np.array([x, y]) + np.stack([along + across, across - along, -along - across, along - across])


def _round(corners: int) -> NDArray[np.float64]:
    angles = np.arange(corners) * 2 * math.pi / corners
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _at_height(points: NDArray[np.float64], height: float) -> NDArray[np.float64]:
    return np.column_stack([points, np.full(len(points), height)])


def _flat(corners: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """A polygon on the table with a corner at least every step [m]: a lens bends its long sides."""
    points = []
    for k in range(len(corners)):
        first, second = corners[k], corners[(k + 1) % len(corners)]
        pieces = max(1, math.ceil(float(np.linalg.norm(second - first)) / step))
        points += [first + (second - first) * piece / pieces for piece in range(pieces)]
    return _at_height(np.array(points), 0.0)
