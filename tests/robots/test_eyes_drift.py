"""Cameras that were knocked against, marks that are covered, pictures that show nothing."""

from dataclasses import replace

import numpy as np
import pytest
from twin_cameras import eye, known

from robots.eyes.blank import shows_nothing
from robots.eyes.drift import look_for_marks, with_marks
from robots.eyes.lens import CalibrationError
from robots.eyes.marks import Mark, mark_of
from robots.yumi.twin.camera import Eye
from robots.yumi.twin.world import Scene

PLACE = Scene((0.12, 0.02, 0.5), None)


def knocked(metres: float) -> Eye:
    """The camera after it was shifted along x."""
    was = eye().optics
    x, y, z = was.at
    return Eye(replace(was, at=(x + metres, y, z), towards=(was.towards[0] + metres, was.towards[1])))


def test_marks_are_where_they_were() -> None:
    drift = look_for_marks(known(), eye().picture(PLACE))
    assert (drift.seen, drift.of) == (4, 4)
    assert drift.moved_mm is not None
    assert drift.moved_mm < 0.3
    assert drift.trouble() == ""


@pytest.mark.parametrize("millimetres", [2.0, 5.0, 8.0])
def test_a_camera_that_moved_is_noticed_by_how_far(millimetres: float) -> None:
    drift = look_for_marks(known(), knocked(millimetres / 1000).picture(PLACE))
    assert drift.moved_mm == pytest.approx(millimetres, abs=0.4)
    assert drift.trouble(most_mm=millimetres + 1) == ""
    assert f"and {millimetres - 1:g} mm is allowed" in drift.trouble(most_mm=millimetres - 1)


def test_a_camera_that_looks_elsewhere_finds_no_mark() -> None:
    drift = look_for_marks(known(), knocked(0.05).picture(PLACE))
    assert drift.seen == 0
    assert drift.trouble().startswith("0 of the camera's 4 marks are in sight")


def test_marks_may_be_hidden_while_two_are_seen() -> None:
    image = eye().picture(PLACE)
    half = image.copy()
    half[:, :480] = (90, 70, 60)
    assert look_for_marks(known(), half).trouble() == ""
    image[:360] = image[:, :480] = (90, 70, 60)
    assert "1 of the camera's 4 marks" in look_for_marks(known(), image).trouble()


def test_places_without_anything_to_see_are_no_marks() -> None:
    found = with_marks(known(), eye().empty(), [(0.2, 0.2), (0.13, 0.1), (5.0, 5.0), (-0.3, 0.0)])
    assert len(found.marks) == 1
    unwatched = replace(known(), marks=())
    assert look_for_marks(unwatched, eye().empty()).trouble() == ""


def test_a_mark_keeps_its_patch_whole_or_is_refused() -> None:
    grey = np.random.default_rng(0).integers(0, 255, (60, 80), dtype=np.uint8)
    assert np.array_equal(mark_of(grey, 40, 30, 5).patch, grey[25:36, 35:46])
    with pytest.raises(CalibrationError, match="leaves the image of 80×60"):
        mark_of(grey, 77, 30, 5)
    with pytest.raises(CalibrationError, match="must be finite"):
        Mark(float("nan"), 0.0, mark_of(grey, 40, 30, 5).png)


def test_pictures_that_show_nothing_say_so() -> None:
    assert shows_nothing(eye().empty()) == ""
    black = np.zeros((720, 960, 3), dtype=np.uint8)
    assert "black" in shows_nothing(black)
    noise = np.random.default_rng(0).integers(0, 6, black.shape, dtype=np.uint8)
    assert "black" in shows_nothing(noise)
    assert "one even grey" in shows_nothing(np.full_like(black, 128))
    assert "empty" in shows_nothing(black[:0])
