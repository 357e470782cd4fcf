"""Goals, violations, resets and images of the block pushing fleet."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from robots.fleet import FleetError
from robots.tasks.block_push import geometry, policy_view
from robots.tasks.block_push.people_view import CAMERA
from robots.tasks.block_push.task import RESET_JITTER, BlockPushFleet

ALL = np.ones(2, dtype=np.bool_)
INWARDS = np.array([[-1.0, 0.0], [0.0, 0.0]], dtype=np.float32)


def placed(pose: list[float], goal: list[float], robots: int = 2) -> BlockPushFleet:
    """A fleet whose robot 0 has its cube and goal where the test wants them."""
    fleet = BlockPushFleet(robots, 0)
    state = {name: array.copy() for name, array in fleet.snapshot().items()}
    state["poses"][0], state["goals"][0] = pose, goal
    fleet.restore(state)
    return fleet


def test_cubes_start_on_the_ring_with_the_goal_opposite() -> None:
    fleet = BlockPushFleet(300, 0)
    positions = fleet.poses()[:, :2]
    assert np.allclose(np.hypot(*positions.T), geometry.RING_RADIUS)
    assert np.allclose(fleet.goals(), -positions)
    angles = np.arctan2(positions[:, 1], positions[:, 0])
    assert (np.histogram(angles, bins=8, range=(-math.pi, math.pi))[0] > 15).all()
    assert fleet.poses()[:, 2].std() > 1.0


def test_reaching_the_goal_is_rewarded_and_the_cube_stays() -> None:
    fleet = placed([0.15, 0.12, 0.0], [0.09, 0.12])
    result = fleet.act(INWARDS, ALL)
    assert result.reward.tolist() == [1.0, 0.0]
    assert result.done.tolist() == result.success.tolist() == [True, False]
    assert not result.violation.any()
    cube = fleet.poses()[0]
    fleet.reset([0])
    assert np.array_equal(fleet.poses()[0], cube)
    assert np.allclose(fleet.goals()[0], geometry.opposite(cube[:2]))
    assert not fleet.act(np.zeros((2, 2), dtype=np.float32), ALL).success[0]


def test_falling_short_of_the_goal_is_not_rewarded() -> None:
    fleet = placed([0.15, 0.12, 0.0], [0.06, 0.12])
    result = fleet.act(INWARDS, ALL)
    for reported in (result.reward, result.done, result.success):
        assert not reported.any()


def test_touching_the_obstacle_is_a_violation_until_a_hard_reset() -> None:
    fleet = placed([0.11, 0.0, 0.0], [-0.125, 0.0])
    result = fleet.act(INWARDS, ALL)
    assert result.violation.tolist() == [True, False]
    for reported in (result.reward, result.done, result.success):
        assert not reported[0]
    stuck = fleet.poses()[0]

    away = fleet.act(-INWARDS, ALL)
    assert away.violation[0]
    assert np.array_equal(fleet.poses()[0], stuck)
    fleet.reset([0])
    assert fleet.act(-INWARDS, ALL).violation[0]

    fleet.hard_reset([0])
    assert not fleet.act(np.zeros((2, 2), dtype=np.float32), ALL).violation[0]
    assert not np.array_equal(fleet.poses()[0], stuck)


def test_a_robot_that_waits_for_a_hard_reset_does_not_move_even_where_it_could() -> None:
    fleet = BlockPushFleet(2, 0)
    state = {name: array.copy() for name, array in fleet.snapshot().items()}
    state["waiting"][0] = True
    fleet.restore(state)
    before = fleet.poses()
    fleet.act(np.full((2, 2), 0.3, dtype=np.float32), ALL)
    assert np.array_equal(fleet.poses()[0], before[0])
    assert not np.array_equal(fleet.poses()[1], before[1])


def test_a_violation_over_the_goal_is_no_success() -> None:
    fleet = placed([0.11, 0.0, 0.0], [0.07, 0.0])
    result = fleet.act(INWARDS, ALL)
    assert result.violation[0]
    assert not result.success[0]


def test_hard_resets_reach_all_four_sides_and_none_but_the_named_robots() -> None:
    fleet = BlockPushFleet(200, 0)
    before = fleet.poses()
    fleet.hard_reset(range(1, 200))
    after = fleet.poses()
    assert np.array_equal(after[0], before[0])
    angles = np.arctan2(after[1:, 1], after[1:, 0])
    sides = np.round(angles / (math.pi / 2))
    assert (np.abs(angles - sides * math.pi / 2) <= RESET_JITTER).all()
    counts = np.bincount((sides % 4).astype(int), minlength=4)
    assert (counts > 25).all()
    assert np.allclose(fleet.goals(), -after[:, :2])


def test_true_states_are_copies() -> None:
    fleet = BlockPushFleet(1, 0)
    fleet.poses()[:] = 0
    fleet.goals()[:] = 0
    assert fleet.poses().any()
    assert fleet.goals().any()


def test_each_observation_has_fresh_mild_noise() -> None:
    fleet = BlockPushFleet(2, 0)
    first, second = fleet.observe().astype(np.float64), fleet.observe().astype(np.float64)
    difference = (second - first).std() / math.sqrt(2)
    assert difference == pytest.approx(policy_view.NOISE_SIGMA, rel=0.05)
    assert abs((second - first).mean()) < 0.1


def test_noise_is_gaussian_rounded_to_grey_levels_and_ends_at_black_and_white() -> None:
    generator = np.random.default_rng(0)
    grey = np.full((64, 64, 3), 128, dtype=np.uint8)
    drawn = np.stack([policy_view.add_noise(grey, generator) for _ in range(40)]).astype(int) - 128
    spread = NormalDist(0.0, policy_view.NOISE_SIGMA)
    for level in range(-9, 10):
        share = spread.cdf(level + 0.5) - spread.cdf(level - 0.5)
        error = math.sqrt(share * (1 - share) / drawn.size)
        assert abs((drawn == level).mean() - share) < 4.5 * error + 2**-16, level
    assert abs(np.corrcoef(drawn[..., :-1, :].ravel(), drawn[..., 1:, :].ravel())[0, 1]) < 0.01
    for end, inside in ((0, 0.0), (255, 255.0)):
        noisy = policy_view.add_noise(np.full((64, 64, 3), end, dtype=np.uint8), generator)
        assert (np.abs(noisy - inside) < 20).all(), "never from white round to black"


def test_an_image_is_as_if_the_whole_canvas_were_averaged_and_leaves_it_empty(monkeypatch) -> None:
    draws, canvas = np.random.default_rng(1), policy_view.empty_canvas()
    for _ in range(300):
        pose = np.array([*draws.uniform(-0.26, 0.26, 2), draws.uniform(-np.pi, np.pi)])
        goal = draws.uniform(-0.26, 0.26, 2)
        image = policy_view.draw(pose, goal, canvas)
        assert np.array_equal(canvas, policy_view.empty_canvas())
        with monkeypatch.context() as wide:
            wide.setattr(policy_view, "_CUBE_REACH", 10 * policy_view.SIZE)
            assert np.array_equal(image, policy_view.draw(pose, goal))


def test_the_policys_image_shows_cube_goal_and_obstacle_where_they_are() -> None:
    """The colour at a place, rows counted from the top: y points up in the workspace."""
    image = policy_view.draw(np.array([0.1, 0.15, 0.0]), np.array([-0.15, -0.1])).astype(int)

    def colour(x: float, y: float) -> np.ndarray:
        scale = policy_view.SIZE / (2 * geometry.WORKSPACE_HALF)
        row, column = (geometry.WORKSPACE_HALF - y) * scale, (x + geometry.WORKSPACE_HALF) * scale
        return image[int(row), int(column)]

    red, green, blue = range(3)
    assert colour(0.09, 0.15).argmax() == blue
    assert colour(-0.15, -0.1).argmax() == green
    assert colour(0.0, 0.0).argmax() == red
    empty = colour(0.1, -0.15)
    assert empty.max() - empty.min() < 15


def test_motion_and_turns_below_a_pixel_show() -> None:
    goal = np.array([-0.1, 0.1])
    pixel = 2 * geometry.WORKSPACE_HALF / policy_view.SIZE
    still = policy_view.draw(np.array([0.1, 0.1, 0.3]), goal).astype(int)
    for change in ((pixel / 4, 0, 0), (0, pixel / 4, 0), (0, 0, 0.1)):
        moved = policy_view.draw(np.array([0.1, 0.1, 0.3]) + change, goal).astype(int)
        assert np.abs(moved - still).sum() > 100


def test_the_centre_of_the_cubes_colour_is_its_position() -> None:
    """Sub-pixel truth of the drawing: no half-pixel shift between the axes or the images."""
    goal = np.array([-0.15, -0.15])
    for x, y in ((0.1, 0.12), (0.1234, -0.1111), (-0.13, 0.087)):
        image = policy_view.draw(np.array([x, y, 0.4]), goal).astype(float)
        bare = policy_view.draw(np.array([9.0, 9.0, 0.4]), goal).astype(float)
        change = np.abs(image - bare).sum(axis=2)
        rows, columns = np.mgrid[: policy_view.SIZE, : policy_view.SIZE] + 0.5
        scale = 2 * geometry.WORKSPACE_HALF / policy_view.SIZE
        seen_x = (columns * change).sum() / change.sum() * scale - geometry.WORKSPACE_HALF
        seen_y = geometry.WORKSPACE_HALF - (rows * change).sum() / change.sum() * scale
        assert (seen_x, seen_y) == pytest.approx((x, y), abs=0.0015)


def test_frames_anchor_at_the_cube_and_reach_as_far_as_a_full_push() -> None:
    fleet = BlockPushFleet(3, 0)
    for robot, frame in enumerate(fleet.frames([0, 1, 2])):
        assert frame.anchor == pytest.approx(CAMERA.to_fraction(fleet.poses()[robot, :2]))
        shift = CAMERA.to_pixels(np.array([geometry.FULL_PUSH, 0.0])) - CAMERA.to_pixels(np.zeros(2))
        assert frame.reach * 640 == pytest.approx(shift[0])
        column, row = (np.array(frame.anchor) * (640, 480)).astype(int)
        assert (frame.image[row - 9 : row + 9, column - 9 : column + 9, 2] > 200).mean() > 0.8


def test_frames_show_the_push_from_beginning_to_end() -> None:
    fleet = BlockPushFleet(2, 0)
    start = fleet.poses()[0]
    fleet.act(np.array([-0.5 * np.sign(start[:2]), [0, 0]], dtype=np.float32) * 0.5, ALL)
    end = fleet.poses()[0]
    anchors = [fleet.frames([0], progress)[0].anchor for progress in (0.0, 0.5, 1.0)]
    assert anchors[0] == pytest.approx(CAMERA.to_fraction(start[:2]))
    assert anchors[2] == pytest.approx(CAMERA.to_fraction(end[:2]))
    assert anchors[1] == pytest.approx(CAMERA.to_fraction((start[:2] + end[:2]) / 2), abs=0.01)


def test_a_new_goal_shows_only_when_the_motion_has_ended() -> None:
    fleet = placed([0.15, 0.12, 0.0], [0.09, 0.12])
    fleet.act(INWARDS, ALL)
    old = fleet.goals()[0]
    fleet.reset([0])
    new = fleet.goals()[0]
    rim = np.array([0.0, -0.0249])  # In the goal's ring, clear of the cube.

    def is_goal(progress: float, goal: np.ndarray) -> bool:
        column, row = CAMERA.to_pixels(goal + rim).astype(int)
        red, green, _ = fleet.frames([0], progress)[0].image[row, column].astype(int)
        return bool(green - red > 60)

    assert [is_goal(0.5, old), is_goal(0.5, new)] == [True, False]
    assert [is_goal(1.0, old), is_goal(1.0, new)] == [False, True]


@pytest.mark.parametrize("action", [[0.0, 0.0], [0.005, 0.0]])
def test_a_push_too_small_to_move_anything_shows_no_motion(action: list[float]) -> None:
    fleet = BlockPushFleet(2, 0)
    fleet.act(np.array([[0.5, 0.5], action], dtype=np.float32), ALL)
    before, after = fleet.frames([1], 0.3)[0], fleet.frames([1], 1.0)[0]
    assert before.anchor == after.anchor
    assert np.abs(before.image.astype(int) - after.image).max() < 20


def test_a_robot_that_held_still_does_not_replay_its_last_push() -> None:
    fleet = BlockPushFleet(2, 0)
    fleet.act(np.full((2, 2), 0.2, dtype=np.float32), ALL)
    assert fleet.frames([0], 0.0)[0].anchor != fleet.frames([0], 1.0)[0].anchor
    fleet.act(np.full((2, 2), 0.2, dtype=np.float32), np.array([False, True]))
    assert fleet.frames([0], 0.0)[0].anchor == fleet.frames([0], 1.0)[0].anchor


@pytest.mark.parametrize("progress", [-0.1, 1.1, math.nan])
def test_progress_is_a_share(progress: float) -> None:
    with pytest.raises(FleetError, match="progress"):
        BlockPushFleet(1, 0).frames([0], progress)
