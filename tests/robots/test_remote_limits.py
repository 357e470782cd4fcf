"""Limits: the whole tool on the whole way, and limits that contradict themselves."""

import math

import numpy as np
import pytest

from robots.remote.limits import LimitError, Limits, Rectangle
from robots.remote.side import Reach

ROOM = Rectangle(-0.3, -0.2, 0.3, 0.2)
ZONE = Rectangle(-0.05, -0.05, 0.05, 0.05)
LIMITS = Limits(ROOM, max_speed=0.25, longest=0.4, half_width=0.01, keep_out=(ZONE,))


def test_a_motion_beside_everything_is_allowed():
    LIMITS.check(Reach((-0.2, 0.1), (0.1, 0.1), 0.25))
    LIMITS.check(Reach((0.2, 0.1), (0.2, 0.1), 0.1))


@pytest.mark.parametrize(
    ("reach", "says"),
    [
        (Reach((-0.1, 0.0), (0.1, 0.0), 0.1), "keep_out 0"),
        (Reach((-0.1, 0.055), (0.1, 0.055), 0.1), "keep_out 0.*0.01 m to each side"),
        (Reach((0.0, 0.0), (0.01, 0.0), 0.1), "keep_out 0"),
        (Reach((-0.06, 0.0), (0.0, 0.06), 0.1), "keep_out 0"),
        (Reach((0.295, 0.1), (0.2, 0.1), 0.1), "leaves workspace"),
        (Reach((0.2, 0.1), (0.2, 0.195), 0.1), "leaves workspace"),
        (Reach((-0.25, 0.15), (0.25, 0.15), 0.1), "0.500 m long"),
        (Reach((0.1, 0.1), (0.2, 0.1), 0.26), "0.26 m/s"),
        (Reach((0.1, 0.1), (0.2, 0.1), 0.0), "above 0"),
        (Reach((0.1, 0.1), (0.2, 0.1), -0.1), "above 0"),
        (Reach((math.nan, 0.1), (0.2, 0.1), 0.1), "finite"),
        (Reach((0.1, 0.1), (0.2, math.inf), 0.1), "finite"),
    ],
)
def test_a_motion_that_leaves_them_is_refused_with_its_numbers(reach, says):
    with pytest.raises(LimitError, match=says):
        LIMITS.check(reach)


def test_the_distance_to_a_rectangle_is_that_of_the_nearest_points():
    random = np.random.default_rng(0)
    ways = np.linspace(0.0, 1.0, 400)
    for _ in range(100):
        begin, end = random.uniform(-0.2, 0.2, (2, 2))
        points = begin + ways[:, None] * (end - begin)
        outside = np.maximum(np.abs(points) - 0.05, 0.0)
        sampled = np.linalg.norm(outside, axis=1).min()
        assert ZONE.distance(tuple(begin), tuple(end)) == pytest.approx(sampled, abs=2e-3)


@pytest.mark.parametrize("change", [{"max_speed": 0.0}, {"longest": math.nan}, {"half_width": -0.01}])
def test_useless_numbers_are_named(change):
    (name,) = change
    with pytest.raises(LimitError, match=name):
        Limits(**{"workspace": ROOM, "max_speed": 0.2, "longest": 0.3, "half_width": 0.01} | change)


@pytest.mark.parametrize(
    ("half_width", "zones", "says"),
    [
        (0.2, (), "does not fit"),
        (0.01, (Rectangle(-1, -1, 1, 1),), "leaves nothing"),
        (0.01, (Rectangle(1, 1, 2, 2),), "lies outside"),
        (0.01, (ZONE, Rectangle(0, 0, 0.1, 0.1)), "keep_out 1 .* overlaps keep_out 0"),
    ],
)
def test_limits_that_contradict_each_other_are_refused(half_width, zones, says):
    with pytest.raises(LimitError, match=says):
        Limits(ROOM, 0.2, 0.3, half_width, zones)


@pytest.mark.parametrize("corners", [(0, 0, 0, 1), (1, 0, 0, 1), (0, 1, 1, 0), (0, 0, math.inf, 1)])
def test_rectangles_without_an_inside_are_refused(corners):
    with pytest.raises(LimitError):
        Rectangle(*corners)
