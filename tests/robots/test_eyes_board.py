"""The board: printed true, found again, and what a calibration by it comes to on a known camera."""

import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from twin_cameras import HELD, SIZE, eye, grid, pictures

from robots.eyes.board import Paper, board_for
from robots.eyes.fitting import FEWEST_VIEWS, Fitted, View, fit
from robots.eyes.lens import CalibrationError
from robots.eyes.printed import pdf_of
from robots.tasks.block_push.geometry import WORKSPACE_HALF
from robots.yumi.twin.optics import Optics, optics_of

DATE = "2026-01-01T00:00:00"


@pytest.mark.parametrize("paper", ["a3", "a4"])
def test_what_is_printed_is_what_is_looked_for(paper: Paper) -> None:
    board, scale = board_for(paper), 3000
    width, height = (round(side * scale) for side in board.sheet)
    sheet = np.full((height, width), 255, dtype=np.uint8)
    for left, bottom, right, top in np.round(board.black() * scale).astype(int).tolist():
        sheet[height // 2 - top : height // 2 - bottom, width // 2 + left : width // 2 + right] = 0
    places, pixels = board.corners_in(sheet)
    assert len(places) == (board.squares[0] - 1) * (board.squares[1] - 1)
    seen = (pixels + 0.5 - (width // 2, height // 2)) / scale * (1, -1)
    assert np.abs(seen - places).max() < 0.0005
    other = board_for("a4" if paper == "a3" else "a3")
    assert len(other.corners_in(sheet)[0]) == 0


@pytest.mark.parametrize("paper", ["a3", "a4"])
def test_the_pdf_is_one_page_of_the_papers_size_with_the_board_at_true_scale(paper: Paper) -> None:
    board, text = board_for(paper), pdf_of(board_for(paper)).decode("ascii")
    millimetre = 72 / 25.4
    page = re.search(r"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", text)
    assert page is not None
    assert [float(side) / millimetre for side in page.groups()] == pytest.approx(
        [side * 1000 for side in board.sheet], abs=0.01
    )
    drawn = re.findall(r"^([0-9.-]+) ([0-9.-]+) ([0-9.-]+) ([0-9.-]+) re$", text, re.M)
    assert len(drawn) == len(board.black())
    widest = max(float(width) for _, _, width, _ in drawn) / millimetre
    assert widest == pytest.approx(board.square * 1000, abs=0.01)
    assert min(float(left) for left, *_ in drawn) / millimetre > 5  # Printers leave a margin.
    places = re.findall(r"^([0-9]{10}) 00000 n", text, re.M)
    assert [text[int(place) :][:7] for place in places] == [f"{n} 0 obj" for n in range(1, 6)]
    stream = re.search(r"/Length ([0-9]+) >>\nstream\n(.*)\nendstream", text, re.S)
    assert stream is not None
    assert int(stream[1]) == len(stream[2])


def test_a_board_that_came_out_smaller_is_measured_as_it_is() -> None:
    assert board_for("a4", 29.1).size == pytest.approx((0.2619, 0.1746))
    for wrong in (0.0, -30.0, float("nan"), 5000.0):
        with pytest.raises(CalibrationError, match="measure one on the print"):
            board_for("a4", wrong)


@pytest.fixture(scope="module")
def views() -> list[View]:
    board = board_for("a3")
    return [View(f"{number}.png", *board.corners_in(shown)) for number, shown in enumerate(pictures())]


@pytest.fixture(scope="module")
def fitted(views: list[View]) -> Fitted:
    return fit(views, SIZE, WORKSPACE_HALF, DATE)


@pytest.mark.parametrize("above", [0.0, 0.04])
def test_every_pixel_of_the_workspace_is_told_within_two_millimetres(fitted: Fitted, above: float) -> None:
    points, pixels = grid(above)
    off = np.linalg.norm(fitted.calibration.to_workspace(pixels, above) - points, axis=1)
    assert off.max() < 0.002
    assert np.sqrt(np.mean(off**2)) < 0.001


def test_a_calibration_tells_what_it_rests_on(fitted: Fitted) -> None:
    assert fitted.covered > 0.9
    assert fitted.worst_view in [f"{number}.png" for number in range(len(HELD) + 1)]
    found = fitted.calibration
    assert found.error_mm is not None
    assert found.worst_mm is not None
    assert 0.0 < found.error_mm < found.worst_mm < 1.0
    assert (found.kind, found.date) == ("charuco", DATE)


def test_too_few_pictures_are_refused(views: list[View]) -> None:
    nothing = View("empty.png", *board_for("a3").corners_in(eye().empty()))
    with pytest.raises(CalibrationError, match=f"2 of 4 pictures show the board.* {FEWEST_VIEWS} at least"):
        fit([views[0], nothing, nothing, views[-1]], SIZE, WORKSPACE_HALF, DATE)
    with pytest.raises(CalibrationError, match=r"last picture, empty\.png, shows 0 of"):
        fit([*views, nothing], SIZE, WORKSPACE_HALF, DATE)
    with pytest.raises(CalibrationError, match="0 of 0 pictures"):
        fit([], SIZE, WORKSPACE_HALF, DATE)


def as_told(optics: Optics, turned: NDArray[np.floating], x: float, y: float, square_mm: float) -> View:
    """The board's corners where a camera truly sees them, but for a twentieth of a pixel."""
    board = board_for("a4", square_mm)
    columns, rows = board.squares
    across, down = np.meshgrid(np.arange(1, columns) - columns / 2, np.arange(1, rows) - rows / 2)
    places = np.stack([across, down], axis=-1).reshape(-1, 2) * board.square
    held = np.column_stack([places, np.zeros(len(places))]) @ turned.T + (x, y, 0.0)
    noise = np.random.default_rng(0).normal(0.0, 0.05, places.shape)
    return View("told", places, optics.project(held) + noise)


def tilted(across: float, along: float) -> NDArray[np.floating]:
    return np.asarray(cv2.Rodrigues(np.array([across, along, 0.0]))[0])


def test_a_board_in_one_place_only_is_refused() -> None:
    optics = optics_of(1)
    tilts = [(0.5, 0.0), (-0.5, 0.0), (0.0, 0.5), (0.0, -0.5), (0.3, 0.3), (0.0, 0.0)]
    views = [as_told(optics, tilted(*tilt), 0.0, 0.0, 15.0) for tilt in tilts]
    with pytest.raises(CalibrationError, match=r"seen near .* of the workspace, but 70%"):
        fit(views, SIZE, WORKSPACE_HALF, DATE)


@pytest.mark.parametrize("at", [(0.0, 0.0, 0.9), (0.05, -0.1, 0.9)])
def test_a_board_that_was_never_tilted_is_refused(at: tuple[float, float, float]) -> None:
    optics = replace(optics_of(1), at=at, towards=(0.0, 0.0), roll=0.0)
    views = [as_told(optics, np.eye(3), x, y, 30.0) for x, y in (*HELD, (0.0, 0.0))]
    with pytest.raises(CalibrationError, match="0 of 7 pictures show the board tilted"):
        fit(views, SIZE, WORKSPACE_HALF, DATE)
