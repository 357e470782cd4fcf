"""The printed board that a camera is calibrated with: a chessboard with a marker in every white square."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.eyes.lens import CalibrationError

Paper = Literal["a3", "a4"]
FEWEST_CORNERS = 8
"""A picture with fewer of the board's inner corners says too little."""


@dataclass(frozen=True)
class Board:
    """A ChArUco board on a sheet in landscape. Lengths in metres; its origin is its middle, y up."""

    paper: Paper
    sheet: tuple[float, float]
    """Width and height of the paper [m]."""
    squares: tuple[int, int]
    """Columns and rows."""
    square: float
    """Side of a square [m]."""
    first_marker: int
    """Number of its first marker: boards of two sizes are told apart."""

    def __post_init__(self) -> None:
        if not 0.001 <= self.square <= 1.0:
            raise CalibrationError(
                f"a square of the board is {self.square * 1000:g} mm, but must be from 1 to 1000 mm: measure "
                "one on the print"
            )

    @property
    def marker(self) -> float:
        """Side of a marker [m]."""
        return self.square * 0.75

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the squares together [m]."""
        return self.squares[0] * self.square, self.squares[1] * self.square

    def corners_in(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The inner corners that a picture, (H, W, 3) RGB or (H, W), shows.

        Where they are on the board, (K, 2) [m], and in the picture, (K, 2) [px], pixel centres at whole
        numbers; K is 0 where the board is not seen.
        """
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image
        found, ids, _, _ = self._detector.detectBoard(grey)
        if ids is None or len(ids) == 0:
            return np.empty((0, 2)), np.empty((0, 2))
        columns, rows = self.squares
        numbers = np.asarray(ids, dtype=np.int64).reshape(-1)
        across, down = numbers % (columns - 1) + 1, numbers // (columns - 1) + 1
        places = np.stack([across - columns / 2, rows / 2 - down], axis=1) * self.square
        return places, np.asarray(found, dtype=np.float64).reshape(-1, 2)

    def black(self) -> NDArray[np.float64]:
        """All that is printed: black rectangles, (K, 4): left, bottom, right, top from the middle [m]."""
        columns, rows = self.squares
        rectangles = [
            self._cell(column, row, 0.0, 0.0, self.square)
            for row in range(rows)
            for column in range(columns)
            if (row + column) % 2 == 0
        ]
        margin, side = (self.square - self.marker) / 2, self.marker / 6
        for number, (column, row) in enumerate(self._white()):
            cells = self._dictionary.generateImageMarker(self.first_marker + number, 6, borderBits=1) == 0
            for down, across in np.argwhere(cells):
                rectangles.append(self._cell(column, row, margin + across * side, margin + down * side, side))
        return np.array(rectangles)

    def _white(self) -> list[tuple[int, int]]:
        """Columns and rows of the squares with markers, in the order of their numbers."""
        columns, rows = self.squares
        return [(c, r) for r in range(rows) for c in range(columns) if (r + c) % 2 == 1]

    def _cell(self, column: int, row: int, across: float, down: float, side: float) -> list[float]:
        width, height = self.size
        left = column * self.square + across - width / 2
        top = height / 2 - row * self.square - down
        return [left, top - side, left + side, top]

    @cached_property
    def _dictionary(self) -> cv2.aruco.Dictionary:
        return cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_100)

    @cached_property
    def _detector(self) -> cv2.aruco.CharucoDetector:
        ids = np.arange(len(self._white())) + self.first_marker
        board = cv2.aruco.CharucoBoard(self.squares, self.square, self.marker, self._dictionary, ids)
        return cv2.aruco.CharucoDetector(board)


def board_for(paper: Paper, square_mm: float | None = None) -> Board:
    """The board of a paper size. square_mm: what a square measures on the print, if otherwise."""
    if paper == "a3":
        sizes = ((0.420, 0.297), (10, 7), 0.040, 40)
    elif paper == "a4":
        sizes = ((0.297, 0.210), (9, 6), 0.030, 0)
    else:
        raise CalibrationError(f"paper {paper!r} is not known; valid are: a3, a4")
    sheet, squares, square, first = sizes
    return Board(paper, sheet, squares, square if square_mm is None else square_mm / 1000, first)
