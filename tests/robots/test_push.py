"""The physics of one push: how far, how straight, how turned, and where it stops."""

import math

import numpy as np
import pymunk
import pytest

from robots.tasks.block_push import geometry
from robots.tasks.block_push.push import (
    PLATE_HALF_DEPTH,
    SMALLEST_PUSH,
    TABLE_FRICTION,
    TRAIL_LENGTH,
    Push,
    add_cube,
    contact_distance,
    push_cube,
)

FREE = (0.12, 0.12)
"""Beside the obstacle's corner: pushes to the left or downwards meet nothing [m]."""


def push(x: float, y: float, yaw: float, dx: float, dy: float) -> Push:
    return push_cube(np.array([x, y, yaw]), np.array([dx, dy], dtype=np.float32))


@pytest.mark.parametrize("length", [0.1, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("turn", range(4))
def test_a_square_push_moves_the_centre_as_far_as_the_action_says(length: float, turn: int) -> None:
    direction = np.array([math.cos(turn * math.pi / 2), math.sin(turn * math.pi / 2)])
    away = -direction.sum()  # Away from the wall that the push points at.
    start = np.array([FREE[0] * away, FREE[1] * away, 0.0])
    done = push_cube(start, (direction * length).astype(np.float32))
    assert not done.violation
    moved = done.pose[:2] - start[:2]
    assert moved @ direction == pytest.approx(length * geometry.FULL_PUSH, abs=6e-4)
    assert abs(moved[0] * direction[1] - moved[1] * direction[0]) < 1e-4
    assert done.pose[2] == pytest.approx(0.0, abs=0.01)


def sample_pushes(count: int = 150) -> np.ndarray:
    """Forward share, sideways drift [m] and turn [rad] of pushes inwards from a corner, any yaw."""
    rng = np.random.default_rng(0)
    rows = []
    while len(rows) < count:
        yaw, angle = rng.uniform(-math.pi, math.pi), rng.uniform(-math.pi, math.pi)
        length = rng.uniform(0.3, 0.9)
        direction = np.array([math.cos(angle), math.sin(angle)])
        start = np.array([*FREE, yaw])
        done = push_cube(start, (direction * length).astype(np.float32))
        if done.violation:
            continue
        moved = done.pose[:2] - start[:2]
        across = moved[0] * direction[1] - moved[1] * direction[0]
        rows.append((moved @ direction / (length * geometry.FULL_PUSH), abs(across), done.pose[2] - yaw))
    return np.array(rows)


def test_pushes_of_a_turned_cube_go_nearly_as_far_and_straight_and_turn_it() -> None:
    forward, across, turn = sample_pushes().T
    assert np.median(forward) == pytest.approx(1.0, abs=0.03)
    assert np.quantile(forward, 0.05) > 0.9
    assert np.quantile(across, 0.9) < 0.01
    assert 8 < np.degrees(np.median(np.abs(turn))) < 30
    assert (turn > 0.1).any()
    assert (turn < -0.1).any()


def test_the_cube_turns_flush_with_the_plate() -> None:
    start = math.radians(20)
    pose = np.array([*FREE, start])
    for _ in range(2):
        pose = push_cube(pose, np.array([-0.5, 0.0], dtype=np.float32)).pose
    assert abs(math.degrees(pose[2])) < 10


def test_mirrored_pushes_mirror_each_other() -> None:
    up = push(-0.12, 0.12, 0.3, 1.0, 0.2)
    down = push(-0.12, -0.12, -0.3, 1.0, -0.2)
    assert np.allclose(up.pose * (1, -1, -1), down.pose, atol=1e-3)


def test_a_quarter_turn_of_the_table_turns_the_push_with_it() -> None:
    base = push(0.1, 0.12, 0.3, -0.8, 0.1).pose
    turned = push(-0.12, 0.1, 0.3 + math.pi / 2, -0.1, -0.8).pose
    assert np.allclose(turned, [-base[1], base[0], base[2] + math.pi / 2], atol=1e-3)


def test_a_push_depends_on_pose_and_action_alone() -> None:
    first = push(0.12, 0.1, 0.4, -0.7, 0.2)
    for angle in range(5):
        push(-0.12, -0.1, angle, 0.3, 0.3)
    again = push(0.12, 0.1, 0.4, -0.7, 0.2)
    assert np.array_equal(first.trail, again.trail)
    assert np.array_equal(first.pose, again.pose)


@pytest.mark.parametrize("dx", [0.0, SMALLEST_PUSH * 0.9, -SMALLEST_PUSH * 0.9])
def test_tiny_actions_move_nothing(dx: float) -> None:
    done = push(*FREE, 0.5, dx, 0.0)
    assert done.pose.tolist() == [*FREE, 0.5]
    assert not done.violation
    assert (done.trail == done.trail[0]).all()


def test_the_trail_leads_from_start_to_end_behind_which_the_plate_follows() -> None:
    done = push(0.14, 0.12, 0.0, -1.0, 0.0)
    assert done.trail.shape == (TRAIL_LENGTH, 5)
    assert done.trail[0, :3].tolist() == [0.14, 0.12, 0.0]
    assert np.array_equal(done.trail[-1, :3], done.pose)
    assert (np.diff(done.trail[:, 0]) < 0).all()
    gaps = done.trail[:, 3] - done.trail[:, 0]
    assert np.allclose(gaps, geometry.CUBE_HALF + PLATE_HALF_DEPTH, atol=5e-4)


@pytest.mark.parametrize("yaw", [0.0, math.pi / 4, 1.0, -2.0])
def test_the_plate_starts_at_the_cubes_hindmost_corner(yaw: float) -> None:
    direction = (math.cos(0.3), math.sin(0.3))
    corners = geometry.corners(np.array([[0.0, 0.0, yaw]]))[0]
    hindmost = -(corners @ direction).min()
    assert contact_distance(yaw, direction) == pytest.approx(hindmost + PLATE_HALF_DEPTH)


def test_a_push_stops_at_the_obstacle() -> None:
    done = push(0.11, 0.0, 0.0, -1.0, 0.0)
    assert done.violation
    touching = geometry.OBSTACLE_HALF + geometry.CUBE_HALF
    assert touching - 0.001 < done.pose[0] <= touching
    assert np.array_equal(done.trail[-1, :3], done.pose)


def test_a_push_stops_at_the_wall() -> None:
    done = push(0.15, 0.1, 0.0, 1.0, 0.0)
    assert done.violation
    at_wall = geometry.WORKSPACE_HALF - geometry.CUBE_HALF
    assert at_wall <= done.pose[0] < at_wall + 0.001


def test_a_push_past_the_obstacle_is_no_violation() -> None:
    done = push(0.0, 0.072, 0.0, 1.0, 0.0)
    assert not done.violation


def test_a_push_away_from_the_obstacle_needs_no_room_for_the_plate() -> None:
    done = push(0.0701, 0.0, 0.0, 1.0, 0.0)
    assert not done.violation
    assert done.pose[0] == pytest.approx(0.1301, abs=1e-3)


GRAVITY = 9810.0
"""[mm/s²]"""


def test_the_table_brakes_a_sliding_cube_by_its_weight() -> None:
    """Within 5 %: the engine turns each friction point's force a little off the direction of sliding."""
    space = pymunk.Space()
    cube = add_cube(space, np.zeros(3))
    cube.velocity = (200.0, 0.0)
    space.step(0.01)
    assert 200.0 - cube.velocity.x == pytest.approx(TABLE_FRICTION * GRAVITY * 0.01, rel=0.05)
    assert cube.velocity.y == pytest.approx(0.0, abs=1e-6)


def test_the_table_brakes_a_spinning_cube_like_an_evenly_loaded_square() -> None:
    """Torque is friction times weight times the mean distance of the square's points from its centre."""
    side = 2 * geometry.CUBE_HALF * 1000
    middle = (np.arange(400) + 0.5) / 400 * side - side / 2
    mean_distance = np.hypot(*np.meshgrid(middle, middle)).mean()
    space = pymunk.Space()
    space.iterations = 50
    cube = add_cube(space, np.zeros(3))
    cube.angular_velocity = 20.0
    space.step(0.01)
    braking = (20.0 - cube.angular_velocity) / 0.01 * cube.moment
    assert braking == pytest.approx(TABLE_FRICTION * cube.mass * GRAVITY * mean_distance, rel=0.02)
