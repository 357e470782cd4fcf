"""Which poses break a constraint or reach the goal, against the plain definitions."""

import math

import numpy as np
import pytest

from robots.tasks.block_push import geometry


def pose(x: float, y: float, yaw: float) -> np.ndarray:
    return np.array([[x, y, yaw]])


def test_corners_are_a_square_round_the_centre() -> None:
    points = geometry.corners(pose(0.1, -0.05, 0.7))[0]
    assert np.allclose(points.mean(axis=0), [0.1, -0.05])
    assert np.allclose(np.hypot(*(points - [0.1, -0.05]).T), geometry.CUBE_HALF * math.sqrt(2))
    assert np.allclose(np.hypot(*np.diff(points, axis=0).T), 2 * geometry.CUBE_HALF)


@pytest.mark.parametrize("gap", [-1e-4, 1e-4])
def test_an_aligned_cube_touches_where_the_sides_meet(gap: float) -> None:
    meet = geometry.OBSTACLE_HALF + geometry.CUBE_HALF
    for turn in range(4):
        assert geometry.touches_obstacle(pose(meet + gap, 0.03, turn * math.pi / 2))[0] == (gap < 0)
        assert geometry.touches_obstacle(pose(0.0, -meet - gap, turn * math.pi / 2))[0] == (gap < 0)


@pytest.mark.parametrize("gap", [-1e-4, 1e-4])
def test_a_diamond_touches_a_side_with_its_corner(gap: float) -> None:
    meet = geometry.OBSTACLE_HALF + geometry.CUBE_HALF * math.sqrt(2)
    assert geometry.touches_obstacle(pose(meet + gap, 0.0, math.pi / 4))[0] == (gap < 0)


@pytest.mark.parametrize("gap", [-1e-4, 1e-4])
def test_a_diamond_touches_the_obstacles_corner_with_its_side(gap: float) -> None:
    """The case that only the cube's own sides can tell apart."""
    meet = geometry.OBSTACLE_HALF + geometry.CUBE_HALF / math.sqrt(2)
    shift = gap / math.sqrt(2)
    assert geometry.touches_obstacle(pose(meet + shift, meet + shift, math.pi / 4))[0] == (gap < 0)


def test_touching_agrees_with_a_search_for_a_common_point() -> None:
    rng = np.random.default_rng(0)
    poses = np.column_stack([rng.uniform(-0.11, 0.11, (400, 2)), rng.uniform(-4, 4, 400)])
    side = np.linspace(-1, 1, 41) * geometry.CUBE_HALF
    local = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    cosine, sine = np.cos(poses[:, 2, None]), np.sin(poses[:, 2, None])
    x = poses[:, 0, None] + cosine * local[:, 0] - sine * local[:, 1]
    y = poses[:, 1, None] + sine * local[:, 0] + cosine * local[:, 1]
    depth = geometry.OBSTACLE_HALF - np.maximum(abs(x), abs(y)).min(axis=1)
    clear = np.abs(depth) > 0.001  # The grid cannot tell finer than its pitch.
    assert (clear & (depth > 0)).sum() > 50
    assert (clear & (depth < 0)).sum() > 50
    assert np.array_equal(geometry.touches_obstacle(poses)[clear], depth[clear] > 0)


def test_any_corner_over_the_edge_leaves_the_workspace() -> None:
    edge = geometry.WORKSPACE_HALF - geometry.CUBE_HALF
    assert not geometry.leaves_workspace(pose(edge - 1e-6, 0.1, 0.0))[0]
    assert geometry.leaves_workspace(pose(edge + 1e-6, 0.1, 0.0))[0]
    assert geometry.leaves_workspace(pose(-0.1, -edge + 1e-6, 0.3))[0]


def test_either_is_a_broken_constraint() -> None:
    poses = np.concatenate([pose(0.0, 0.0, 0.0), pose(0.3, 0.0, 0.0), pose(0.125, 0.0, 0.0)])
    assert geometry.breaks_constraint(poses).tolist() == [True, True, False]


def test_no_start_on_the_ring_breaks_a_constraint() -> None:
    angles, yaws = np.meshgrid(np.linspace(-math.pi, math.pi, 73), np.linspace(0, math.pi / 2, 19))
    points = np.stack([geometry.on_ring(angle) for angle in angles.ravel()])
    assert not geometry.breaks_constraint(np.column_stack([points, yaws.ravel()])).any()


def test_the_goal_is_reached_within_its_radius() -> None:
    goals = np.array([[0.1, 0.0], [0.1, 0.0]])
    poses = np.array([[0.1249, 0.0, 1.0], [0.1251, 0.0, 1.0]])
    assert geometry.reaches_goal(poses, goals).tolist() == [True, False]


def test_opposite_is_across_the_centre_on_the_ring() -> None:
    goal = geometry.opposite(np.array([0.06, -0.08]))
    assert goal == pytest.approx([-0.075, 0.1])
