"""Calibrations: from pixels to millimetres and back, in files, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from twin_cameras import SIZE, eye, grid, known

from robots.camera import Calibration
from robots.eyes import stored
from robots.eyes.calibration import CameraCalibration
from robots.eyes.corners import from_corners
from robots.eyes.lens import CalibrationError, Lens
from robots.eyes.rectified import Rectifier
from robots.fleet import RobotsError
from robots.tasks.block_push.people_view import CAMERA

DATE = "2026-01-01T00:00:00"
LENS = Lens((1100.0, 1105.0), (470.0, 365.0), (-0.25, 0.09, 0.0006, -0.0004, 0.01))


def test_a_lens_bends_and_straightens() -> None:
    pixels = np.random.default_rng(0).uniform((0, 0), SIZE, (200, 2))
    assert np.abs(LENS.undistort(pixels) - pixels).max() > 5
    assert np.allclose(LENS.distort(LENS.undistort(pixels)), pixels, atol=1e-4)


@pytest.mark.parametrize("above", [0.0, 0.04, 0.1])
def test_pixels_are_where_they_truly_are_at_any_height(above: float) -> None:
    points, pixels = grid(above)
    assert np.abs(known().to_workspace(pixels, above) - points).max() < 1e-5
    assert np.abs(known().to_pixels(points, above) - pixels).max() < 0.01


def test_a_calibration_knows_where_its_camera_is() -> None:
    assert known().camera_at == pytest.approx(eye().optics.at, abs=1e-4)
    assert replace(known(), kind="corners", lens=None).camera_at is None


def test_the_straight_view_shows_marks_where_a_click_means_them() -> None:
    view = Rectifier(known(), CAMERA)(eye().empty())
    assert view.shape == (480, 640, 3)
    grey = cv2.cvtColor(view, cv2.COLOR_RGB2GRAY)
    wanted = CAMERA.to_pixels(np.array([[0.2, 0.2], [-0.2, 0.2], [-0.2, -0.2], [0.2, -0.2]])) - 0.5
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 40, 0.001)
    found = cv2.cornerSubPix(grey, wanted.astype(np.float32).reshape(-1, 1, 2), (4, 4), (-1, -1), stop)
    assert np.abs(np.asarray(found).reshape(-1, 2) - wanted).max() < 0.7


def test_a_straight_view_of_another_size_is_refused() -> None:
    rectified = Rectifier(known(), Calibration(64, 64, 160.0))
    with pytest.raises(CalibrationError, match=r"480×360 px .* calibrated at 960×720 px"):
        rectified(np.zeros((360, 480, 3), dtype=np.uint8))


def test_a_calibration_survives_its_file(tmp_path: Path) -> None:
    stored.save(known(), tmp_path / "a.json")
    assert stored.load(tmp_path / "a.json", SIZE) == known()
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"version": 7}, "version is 7"),
    ({"kind": "magic"}, "kind is 'magic'; valid are: charuco, corners"),
    ({"width": 960.5}, "width is 960.5"),
    ({"width": 0}, "0×720"),
    ({"height": True}, "height is True"),
    ({"homography": [1.0] * 8}, "must be 9 numbers"),
    ({"homography": [1.0] * 9}, "folds the table"),
    ({"homography": [float("nan")] * 9}, "must be nine finite numbers"),
    ({"homography": ["x"] * 9}, r"homography\[0\] is 'x'"),
    ({"date": "yesterday"}, "date is 'yesterday'"),
    ({"date": 3}, "date is 3"),
    ({"lens": {"focal": [1.0, 1.0]}}, "lens.centre is missing"),
    ({"lens": {"focal": [0.0, 1.0], "centre": [1, 1], "distortion": [0] * 5}}, "must be positive"),
    ({"lens": {"focal": [1.0, float("inf")], "centre": [1, 1], "distortion": [0] * 5}}, "2 finite numbers"),
    ({"lens": 5}, "lens.focal is missing"),
    ({"error_mm": -1}, "error_mm is -1.0"),
    ({"worst_mm": 5.5}, "off by up to 5.50 mm, but 2 mm at most"),
    ({"worst_mm": "little"}, "worst_mm is 'little'"),
    ({"marks": "none"}, "must be a list"),
    ({"marks": [{"x": 1}]}, "marks.y is missing"),
    ({"marks": [{"x": 1, "y": 2, "png": "?"}]}, "must be a PNG"),
    ({"marks": [{"x": 1, "y": 2, "png": 5}]}, "must be a PNG"),
    ({"colour": 1}, "colour is not known; valid are: version"),
]


@pytest.mark.parametrize(("change", "words"), WRONG)
def test_a_wrong_value_is_named_with_the_file_and_the_mend(
    change: dict[str, Any], words: str, tmp_path: Path
) -> None:
    file = tmp_path / "wrong.json"
    stored.save(known(), file)
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(RobotsError, match=words) as refused:
        stored.load(file)
    assert "wrong.json" in str(refused.value)


@pytest.mark.parametrize("missing", ["kind", "homography", "lens", "marks"])
def test_a_missing_value_is_named(missing: str, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    stored.save(known(), file)
    fields = json.loads(file.read_text())
    del fields[missing]
    file.write_text(json.dumps(fields))
    with pytest.raises(CalibrationError, match=f"{missing} is missing"):
        stored.load(file)


@pytest.mark.parametrize("text", ["", "{", "[]", "5"])
def test_what_is_no_calibration_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(CalibrationError, match="calibrate the camera again"):
        stored.load(tmp_path / "a.json")
    with pytest.raises(CalibrationError, match="No such file"):
        stored.load(tmp_path / "b.json")


def test_a_calibration_of_another_resolution_is_refused(tmp_path: Path) -> None:
    stored.save(known(), tmp_path / "a.json")
    with pytest.raises(CalibrationError, match=r"of 960×720 px, but the camera delivers 640×480"):
        stored.load(tmp_path / "a.json", (640, 480))


def clicked() -> list[tuple[float, float]]:
    corners = np.array([[-0.2, 0.2, 0], [0.2, 0.2, 0], [0.2, -0.2, 0], [-0.2, -0.2, 0]])
    return [(x, y) for x, y in eye().optics.project(corners).tolist()]


def corners_of(points: list[tuple[float, float]]) -> CameraCalibration:
    return from_corners(points, SIZE, 0.2, DATE)


def test_four_corners_fit_themselves_and_do_not_tell_their_error() -> None:
    found = corners_of(clicked())
    places = np.array([[-0.2, 0.2], [0.2, 0.2], [0.2, -0.2], [-0.2, -0.2]])
    assert np.abs(found.to_workspace(np.array(clicked())) - places).max() < 1e-5
    assert (found.error_mm, found.worst_mm, found.lens) == (None, None, None)


def test_a_fifth_point_tells_an_error() -> None:
    x, y = eye().optics.project(np.array([0.05, -0.05, 0.0])).tolist()
    found = from_corners(clicked(), SIZE, 0.2, DATE, ((x, y), (0.05, -0.05)))
    assert found.worst_mm is not None
    assert 0.1 < found.worst_mm < 5
    apart = from_corners(clicked(), SIZE, 0.2, DATE, ((x, y), (0.05, 0.05)))
    assert apart.worst_mm == pytest.approx(100, abs=5)


def test_corners_that_cannot_be_are_refused() -> None:
    first, second, third, fourth = clicked()
    for wrong, words in (
        ([second, first, third, fourth], "do not go round"),
        ([fourth, third, second, first], "do not go round"),
        ([first, first, third, fourth], "do not go round"),
        ([first, second, third], "not four points"),
        ([first, second, third, (float("nan"), 0.0)], "not four points"),
        ([first, second, third, (-5.0, 700.0)], "do not all lie on the picture of 960×720"),
    ):
        with pytest.raises(CalibrationError, match=words):
            corners_of(wrong)
