"""From the workspace to the image and back, and from a click to a push."""

import math

import numpy as np
import pytest

from robots.camera import Calibration, action_from_click
from robots.fleet import FleetError

CAMERA = Calibration(640, 480, 1000.0)


def test_points_survive_the_way_to_the_image_and_back() -> None:
    points = np.random.default_rng(0).uniform(-0.3, 0.3, (50, 2))
    assert np.allclose(CAMERA.to_workspace(CAMERA.to_pixels(points)), points, atol=1e-12)


def test_the_image_hangs_upside_down() -> None:
    assert np.allclose(CAMERA.to_pixels(np.zeros(2)), [320, 240])
    assert np.allclose(CAMERA.to_pixels(np.array([0.1, 0.1])), [420, 140])
    assert CAMERA.to_fraction(np.array([0.32, -0.24])) == pytest.approx((1.0, 1.0))
    assert CAMERA.reach(0.06) == pytest.approx(60 / 640)


@pytest.mark.parametrize("sizes", [(0, 480, 1.0), (640, -1, 1.0), (640, 480, math.nan)])
def test_a_camera_without_size_is_refused(sizes: tuple[int, int, float]) -> None:
    with pytest.raises(FleetError, match="positive"):
        Calibration(*sizes)


def test_a_click_asks_for_the_push_that_ends_there() -> None:
    anchor = CAMERA.to_fraction(np.array([0.05, -0.1]))
    end = CAMERA.to_fraction(np.array([0.05 + 0.03, -0.1 + 0.045]))
    action, clipped = action_from_click(anchor, end, CAMERA.reach(0.06))
    assert action.dtype == np.float32
    assert action == pytest.approx([0.5, 0.75], abs=1e-6)
    assert not clipped


def test_the_sides_of_the_image_count_in_pixels() -> None:
    """A tenth of the width is longer than a tenth of the height."""
    right, _ = action_from_click((0.5, 0.5), (0.6, 0.5), 0.2)
    down, _ = action_from_click((0.5, 0.5), (0.5, 0.6), 0.2)
    assert right == pytest.approx([0.5, 0.0])
    assert down == pytest.approx([0.0, -0.375])
    square, _ = action_from_click((0.5, 0.5), (0.5, 0.6), 0.2, width=480, height=480)
    assert square == pytest.approx([0.0, -0.5])


def test_a_long_click_is_clipped_by_length_and_keeps_its_direction() -> None:
    action, clipped = action_from_click((0.2, 0.2), (0.8, 0.8), 0.1)
    assert clipped
    assert np.hypot(*action) == pytest.approx(1.0)
    assert action[1] / action[0] == pytest.approx(-480 / 640)


def test_a_click_just_beyond_the_reach_is_clipped_too() -> None:
    action, clipped = action_from_click((0.5, 0.5), (0.61, 0.5), 0.1)
    assert clipped
    assert action.tolist() == [1.0, 0.0]


def test_a_click_on_the_rim_of_the_reach_is_not_clipped() -> None:
    action, clipped = action_from_click((0.5, 0.5), (0.625, 0.5), 0.125)
    assert action.tolist() == [1.0, 0.0]
    assert not clipped


def test_a_click_on_the_anchor_is_no_push() -> None:
    action, clipped = action_from_click((0.5, 0.5), (0.5, 0.5), 0.1)
    assert action.tolist() == [0.0, 0.0]
    assert not clipped


@pytest.mark.parametrize("point", [(-0.01, 0.5), (0.5, 1.01), (math.nan, 0.5), (0.5, math.inf)])
def test_a_click_outside_the_image_is_refused(point: tuple[float, float]) -> None:
    with pytest.raises(FleetError, match="outside the image"):
        action_from_click((0.5, 0.5), point, 0.1)


def test_a_frame_that_takes_no_clicks_is_refused() -> None:
    with pytest.raises(FleetError, match="takes no clicks"):
        action_from_click((math.nan, math.nan), (0.5, 0.5), 0.1)
    for reach in (0.0, -1.0, math.nan):
        with pytest.raises(FleetError, match="reach"):
            action_from_click((0.5, 0.5), (0.6, 0.5), reach)
