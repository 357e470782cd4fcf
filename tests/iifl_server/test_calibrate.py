"""`./iifl calibrate`: from pictures to a file, and what is refused before one is written."""

import re
from argparse import ArgumentTypeError
from io import StringIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.management import CommandError, call_command
from twin_cameras import SIZE, eye, grid, pictures

from iifl_server.management.arguments import points
from robots.eyes import stored

CORNERS = np.array([[-0.2, 0.2, 0.0], [0.2, 0.2, 0.0], [0.2, -0.2, 0.0], [-0.2, -0.2, 0.0]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of the board as somebody took them, on the camera that bends."""
    made = tmp_path_factory.mktemp("pictures")
    for number, image in enumerate(pictures()):
        cv2.imwrite(str(made / f"{number}.png"), image[..., ::-1])
    return made


def calibrate(*words: object) -> str:
    said = StringIO()
    call_command("calibrate", *map(str, words), stdout=said)
    return said.getvalue()


def corner_words() -> list[str]:
    return [f"{x:.1f},{y:.1f}" for x, y in eye().optics.project(CORNERS).tolist()]


def test_pictures_become_a_calibration_that_is_true_to_two_millimetres(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "made" / "here.json"
    said = calibrate(folder, "--paper", "a3", "--out", out)
    assert "0.png: " in said
    assert "mm (root mean square)" in said
    assert "4 of the workspace's 4 corners show a mark" in said
    calibration = stored.load(out, SIZE)
    points, pixels = grid()
    assert np.linalg.norm(calibration.to_workspace(pixels) - points, axis=1).max() < 0.002
    assert len(calibration.marks) == 4


def test_a_calibration_that_is_too_far_off_is_not_written(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.json"
    with pytest.raises(
        CommandError, match=r"worst in [0-9]\.png\) is off by up to .* but 0\.001 mm"
    ) as refused:
        calibrate(folder, "--paper", "a3", "--most-mm", "0.001", "--out", out)
    assert refused.value.returncode == 2
    assert not out.exists()


def test_the_board_of_the_other_paper_is_not_taken_for_it(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"6\.png, shows 0 of the board's corners"):
        calibrate(folder, "--paper", "a4", "--out", tmp_path / "a.json")


def test_four_corners_make_a_calibration_without_a_lens(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.json"
    said = calibrate(folder / "6.png", "--corners", *corner_words(), "--out", out)
    assert "the error is not known" in said
    assert stored.load(out).kind == "corners"
    x, y = eye().optics.project(np.array([0.05, -0.05, 0.0])).tolist()
    check = f"{x:.1f},{y:.1f},50,-50"
    said = calibrate(
        folder / "6.png", "--corners", *corner_words(), "--check", check, "--most-mm", 20, "--out", out
    )
    assert "mm at the point to check" in said
    with pytest.raises(CommandError, match=r"but 0\.01 mm at most"):
        calibrate(
            folder / "6.png", "--corners", *corner_words(), "--check", check, "--most-mm", 0.01, "--out", out
        )


def test_the_board_is_written_as_a_pdf(tmp_path: Path) -> None:
    said = calibrate("--board", tmp_path / "board.pdf", "--paper", "a3")
    assert "A3 at 100 %" in said
    assert "40 mm" in said
    assert (tmp_path / "board.pdf").read_bytes().startswith(b"%PDF-")


def test_pictures_that_show_nothing_are_left_out_or_refused(tmp_path: Path) -> None:
    black = np.zeros((48, 64, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), black)
    with pytest.raises(CommandError, match="shows nothing: its picture is black"):
        calibrate(tmp_path, "--out", tmp_path / "a.json")
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "b.png"), noise)
    with pytest.raises(CommandError, match=r"last picture, b\.png, shows 0"):
        calibrate(tmp_path, "--out", tmp_path / "a.json")
    cv2.imwrite(str(tmp_path / "c.png"), noise[:32])
    with pytest.raises(CommandError, match=r"c\.png is of 64×32 px, but b\.png of 64×48"):
        calibrate(tmp_path, "--out", tmp_path / "a.json")


def test_a_camera_that_is_not_there_or_not_named_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="camera '63' cannot be opened"):
        calibrate("63", "--out", tmp_path / "a.json")
    with pytest.raises(CommandError, match="no CAMERA is named"):
        calibrate("--out", tmp_path / "a.json")
    with pytest.raises(CommandError, match="--check goes with --corners"):
        calibrate("0", "--check", "1,2,3,4", "--out", tmp_path / "a.json")
    assert list(tmp_path.iterdir()) == []


def test_pictures_of_a_running_camera_are_kept(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "film.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, SIZE)
    bgr = np.ascontiguousarray(eye().empty()[..., ::-1])
    for _ in range(8):
        writer.write(bgr)
    writer.release()
    words = ["--corners", *corner_words(), "--keep", tmp_path / "kept", "--out", tmp_path / "a.json"]
    assert "4 of the workspace's 4 corners" in calibrate(tmp_path / "film.avi", *words)
    assert [file.name for file in (tmp_path / "kept").iterdir()] == ["picture-01.png"]


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "1,x", "nan,1", "1e9,0", "1;2"])
def test_points_that_are_none_are_refused_with_what_is_valid(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="valid is x,y"):
        points.point(text)
    with pytest.raises(ArgumentTypeError, match="valid is x,y,right,up"):
        points.checked_point(text)


def test_points_sizes_and_cameras_are_taken_as_written(tmp_path: Path) -> None:
    assert points.point("120.5,-80") == (120.5, -80.0)
    assert points.checked_point("1,2,-3,4.5") == (1.0, 2.0, -3.0, 4.5)
    assert points.size("1280x720") == (1280, 720)
    assert points.camera("0") == "0"
    assert points.camera("rtsp://host/stream") == "rtsp://host/stream"
    assert points.camera(str(tmp_path)) == str(tmp_path)
    for text in ("10x5", "axb", "1280", "1280x720x3"):
        with pytest.raises(ArgumentTypeError, match="valid is WIDTHxHEIGHT"):
            points.size(text)
    for text in ("", "nowhere", "-1", "1\0", "http:"):
        with pytest.raises(ArgumentTypeError, match=re.escape(ascii(text))):
            points.camera(text)
