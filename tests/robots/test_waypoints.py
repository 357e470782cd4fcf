"""The shortest ways round a square, checked against geometry one can draw."""

import math
from itertools import pairwise

import numpy as np
import pytest

from robots.supervisors.waypoints import Way, along, choose, shortest_ways

HALF = 0.092


def test_right_across_both_ways_are_equal_and_pass_two_corners() -> None:
    ways = shortest_ways((0.125, 0.0), (-0.125, 0.0), HALF)
    legs = 2 * math.hypot(0.125 - HALF, HALF) + 2 * HALF
    for way in ways.values():
        assert way.length == pytest.approx(legs)
        assert way.points[-1] == (-0.125, 0.0)
    assert ways["counterclockwise"].points[:2] == ((HALF, HALF), (-HALF, HALF))
    assert ways["clockwise"].points[:2] == ((HALF, -HALF), (-HALF, -HALF))


def test_a_free_straight_line_is_taken() -> None:
    way = shortest_ways((0.15, -0.1), (0.15, 0.1), HALF)["counterclockwise"]
    assert way == Way(((0.15, 0.1),), pytest.approx(0.2))


def test_a_line_that_cuts_a_corner_goes_round_it() -> None:
    way = shortest_ways((0.125, 0.0), (0.0, 0.125), HALF)["counterclockwise"]
    assert way.points == ((HALF, HALF), (0.0, 0.125))


def test_a_line_along_a_side_is_free() -> None:
    assert shortest_ways((-0.15, HALF), (0.15, HALF), HALF)["clockwise"].points == ((0.15, HALF),)


def test_every_place_has_a_way_that_keeps_clear() -> None:
    """From anywhere outside the real obstacle with room for the cube to any goal on the ring."""
    rng = np.random.default_rng(0)
    for _ in range(400):
        start = tuple(rng.uniform(-0.18, 0.18, 2))
        if max(map(abs, start)) < 0.07:
            continue
        angle = rng.uniform(-math.pi, math.pi)
        goal = (0.125 * math.cos(angle), 0.125 * math.sin(angle))
        ways = shortest_ways(start, goal, HALF)
        assert ways
        nearest = min(HALF, max(map(abs, start)), max(map(abs, goal)))
        for way in ways.values():
            legs = list(pairwise((start, *way.points)))
            assert way.length == pytest.approx(sum(math.dist(a, b) for a, b in legs))
            share = np.linspace(0, 1, 50)[:, None]
            for a, b in legs:
                line = np.array(a) * (1 - share) + np.array(b) * share
                assert np.abs(line).max(axis=1).min() >= nearest - 1e-6


def test_the_ways_of_a_mirrored_table_are_mirrored() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        (x, y), (u, v) = rng.uniform(0.1, 0.18, 2), -rng.uniform(0.1, 0.18, 2)
        ways, mirrored = shortest_ways((x, y), (u, v), HALF), shortest_ways((x, -y), (u, -v), HALF)
        assert ways["clockwise"].length == pytest.approx(mirrored["counterclockwise"].length)
        assert ways["counterclockwise"].length == pytest.approx(mirrored["clockwise"].length)


@pytest.mark.parametrize("start", [(0.08, 0.0), (0.085, 0.02), (-0.075, 0.075), (0.088, 0.088)])
def test_a_start_inside_the_square_leaves_it_outwards(start: tuple[float, float]) -> None:
    for way in shortest_ways(start, (-start[0] * 1.5, -start[1] * 1.5), HALF).values():
        first = way.points[0]
        assert max(map(abs, first)) >= max(map(abs, start)) - 1e-9


def test_a_tie_goes_to_the_preferred_way_and_no_more() -> None:
    ways = {"clockwise": Way(((0.0, 1.0),), 0.30), "counterclockwise": Way(((1.0, 0.0),), 0.32)}
    assert choose(ways, "counterclockwise", 0.021).length == 0.32
    assert choose(ways, "counterclockwise", 0.019).length == 0.30
    assert choose(ways, "clockwise", 0.021).length == 0.30
    assert choose({"clockwise": ways["clockwise"]}, "counterclockwise", 1.0).length == 0.30


def test_along_walks_the_legs() -> None:
    points = ((1.0, 0.0), (1.0, 1.0))
    assert along((0.0, 0.0), points, 0.5) == (0.5, 0.0)
    assert along((0.0, 0.0), points, 1.25) == pytest.approx((1.0, 0.25))
    assert along((0.0, 0.0), points, 9.0) == (1.0, 1.0)
