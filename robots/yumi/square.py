"""A square of known size, fitted to points on its outline."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 6
_CORNER = 0.85  # Points nearer to a corner than this share of the half side belong to no one side.
_FAR = 0.15  # Points off by more than this share of the half side are not of the outline.
_TRUST = 40.0  # How many points the known size counts for.
_BINS = 8


@dataclass(frozen=True)
class Square:
    """Lengths in the unit of the points that it was fitted to."""

    x: float
    y: float
    yaw: float
    """[rad], within a quarter turn: from 0 to pi/2."""
    half: float
    """Half its side, as fitted."""
    residual: float
    """Root mean square of how far the points used lie off it; infinite where there are none."""
    visible: float
    """Share of the outline on which there are points."""


def fit_square(points: NDArray[np.float64], start: tuple[float, float, float], half: float) -> Square:
    """The square of about this half side that fits points, (K, 2), best, from a start x, y, yaw nearby.

    Sides without points, hidden ones say, follow from the others and the known size.
    """
    x, y, yaw = start
    size = half
    used, off, bins = np.zeros(len(points), dtype=bool), np.zeros(len(points)), 0
    for round_ in range(_ROUNDS):
        cosine, sine = math.cos(yaw), math.sin(yaw)
        local = (points - (x, y)) @ np.array([[cosine, -sine], [sine, cosine]])  # (K, 2) in the square's axes
        lengthwise = np.abs(local[:, 0]) >= np.abs(local[:, 1])
        main = np.where(lengthwise, local[:, 0], local[:, 1])
        side = np.sign(main)
        minor = np.where(lengthwise, local[:, 1], local[:, 0])
        off = np.abs(main) - size
        reach = _FAR * (4.0 if round_ < 2 else 2.0 if round_ < 4 else 1.0) * half
        used = (np.abs(minor) < _CORNER * half) & (np.abs(off) < reach)
        side_of = np.where(lengthwise, 0, 2) + (side > 0)
        bin_of = np.clip((minor / (_CORNER * half) + 1) * _BINS / 2, 0, _BINS - 1).astype(int)
        bins = len(np.unique((side_of * _BINS + bin_of)[used]))
        if used.sum() < 8:
            return Square(x, y, yaw % (math.pi / 2), size, math.inf, bins / (4 * _BINS))
        normal = np.where(lengthwise[:, None], [cosine, sine], [-sine, cosine]) * side[:, None]  # (K, 2)
        turning = np.where(lengthwise, -minor, minor) * side
        rows = np.column_stack([normal, turning, np.ones(len(points))])[used]
        prior = np.array([[0.0, 0.0, 0.0, math.sqrt(_TRUST)]])
        wanted = np.append(off[used], math.sqrt(_TRUST) * (half - size))
        step = np.linalg.lstsq(np.vstack([rows, prior]), wanted, rcond=None)[0]
        x, y, yaw, size = x + step[0], y + step[1], yaw + step[2], size + step[3]
    residual = float(np.sqrt(np.mean(off[used] ** 2)))
    return Square(float(x), float(y), float(yaw % (math.pi / 2)), float(size), residual, bins / (4 * _BINS))
