"""Block pushing on pictures: what is read, how sure, what is shown, how pushes are planned and judged."""

import math
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from twin_cameras import SIZE, eye, known

from robots.camera import action_from_click
from robots.fleet import FleetError
from robots.remote.task import Seen
from robots.tasks.block_push import people_view, policy_view
from robots.tasks.block_push.geometry import OBSTACLE_HALF, WORKSPACE_HALF, breaks_constraint
from robots.yumi.colours import ColourError, Colours, Tone, tone_of
from robots.yumi.pushing import SURE, Pushing
from robots.yumi.reaching import CLEARANCE, NoMotion, reach_for
from robots.yumi.rules import TOUCH, judge_pose, room
from robots.yumi.square import fit_square
from robots.yumi.twin.world import Pose, Scene, sweep_cube

POSES: list[Pose] = [
    (0.125, 0.0, 0.0),
    (-0.09, 0.11, 0.7),
    (0.16, -0.16, 2.4),
    (-0.17, -0.02, -1.2),
    (0.0, 0.078, math.pi),
]


@cache
def task() -> Pushing:
    """Made once, since its tables take time; every test sets its goal."""
    return Pushing(known())


def read(
    pose: Pose, tool: tuple[float, float] | None = None, goal: tuple[float, float] | None = None
) -> Seen:
    task().goal = goal
    heading = 0.0 if tool is None else math.atan2(pose[1] - tool[1], pose[0] - tool[0])
    return task().read(eye().picture(Scene(pose, tool, heading)), 12.5)


def painted(seen: Seen, point: tuple[float, float]) -> NDArray[np.int64]:
    """The people's picture at a point of the workspace."""
    x, y = np.floor(people_view.CAMERA.to_pixels(np.array(point))).astype(int)
    colour: NDArray[np.int64] = seen.frame.image[y, x].astype(np.int64)
    return colour


@pytest.mark.parametrize("pose", POSES)
def test_a_cube_is_read_to_a_millimetre_and_a_degree_or_two(pose: Pose) -> None:
    seen = read(pose)
    assert seen.pose is not None
    assert math.dist(seen.pose[:2], pose[:2]) < 0.001
    assert abs(math.remainder(seen.pose[2] - pose[2], 2 * math.pi)) < math.radians(2)
    assert seen.confidence > 0.9
    assert seen.trouble == ""


@pytest.mark.parametrize("gain", [0.4, 1.6])
def test_dim_and_glaring_light_hardly_disturb(gain: float) -> None:
    image = eye().picture(Scene(POSES[1], None)).astype(float) * gain
    seen = task().read(image.clip(0, 255).astype(np.uint8), 0.0)
    assert seen.pose is not None
    assert math.dist(seen.pose[:2], POSES[1][:2]) < 0.001
    assert seen.confidence > 0.9


@pytest.mark.parametrize("pose", POSES)
def test_a_plate_beside_the_cube_hardly_disturbs(pose: Pose) -> None:
    seen = read(pose, (pose[0] + 0.030, pose[1] - 0.012))
    assert seen.pose is not None
    assert math.dist(seen.pose[:2], pose[:2]) < 0.002


def test_a_half_hidden_cube_is_less_sure() -> None:
    image = eye().picture(Scene(POSES[0], None))
    middle = np.round(eye().optics.project(np.array([0.125, 0.0, 0.04]))).astype(int)
    clear = task().read(image, 0.0).confidence
    image[middle[1] : middle[1] + 60, middle[0] - 60 : middle[0] + 60] = (150, 110, 90)
    hidden = task().read(image, 0.0)
    assert hidden.confidence < min(SURE, clear)


def test_two_cubes_are_less_sure_than_one() -> None:
    image, other = (eye().picture(Scene(pose, None)) for pose in POSES[:2])
    both = np.where((other[..., 2] > 130)[..., None] & (other[..., :1] < 120), other, image)
    assert task().read(both, 0.0).confidence < 0.5


def test_frames_take_clicks_as_those_of_the_simulated_task_do() -> None:
    pose = (0.125, 0.0, 0.0)
    frame = read(pose).frame
    assert frame.image.shape == (480, 640, 3)
    assert frame.captured_at == 12.5
    assert frame.reach == people_view.REACH
    assert frame.anchor is not None
    wanted = people_view.CAMERA.to_fraction(np.array([0.125, 0.03]))
    action, clipped = action_from_click(frame.anchor, wanted, frame.reach)
    assert not clipped
    assert action == pytest.approx([0.0, 0.5], abs=0.03)


def test_the_cube_appears_at_its_place_in_both_views() -> None:
    seen = read((0.125, 0.05, 0.0))
    for x, y in ((0.112, 0.037), (0.138, 0.063), (0.112, 0.063), (0.138, 0.037)):
        red, _, blue = painted(seen, (x, y))
        assert blue > 2 * red
    assert seen.observation.shape == (64, 64, 3)
    assert seen.observation.dtype == np.uint8
    column, row = (0.125 + 0.2) / 0.4 * 64, (0.2 - 0.05) / 0.4 * 64
    red, _, blue = seen.observation[int(row) + 1, int(column)].astype(int)
    assert blue > 2 * red
    simulated = policy_view.draw(np.array([0.125, 0.05, 0.0]), np.array([-0.1, -0.1]))
    assert np.abs(simulated.astype(int) - seen.observation).mean() < 20


def greens(seen: Seen) -> int:
    """How many pixels of the policy's picture have the goal's colour."""
    red, green, blue = np.moveaxis(seen.observation.astype(int), -1, 0)
    return int((green - np.maximum(red, blue) > 30).sum())


def test_the_goal_is_drawn_where_the_table_shows_and_not_over_cube_or_plate() -> None:
    goal = (0.125, 0.0)
    elsewhere, beside = (read((-0.125, 0.1, 0.0), goal=place) for place in ((0.0, -0.14), goal))
    assert painted(elsewhere, goal)[1] < 70
    assert painted(beside, goal)[1] > painted(beside, goal)[0] + 20
    assert greens(beside) == pytest.approx(math.pi * 4.0**2, rel=0.2)
    assert greens(elsewhere) == pytest.approx(greens(beside), rel=0.2)
    over = read((0.125, 0.0, 0.4), goal=goal)
    assert painted(over, (0.131, -0.006))[2] > 150
    plated = read((0.16, 0.0, 0.0), tool=(0.12, 0.0), goal=goal)
    red, _, blue = painted(plated, (0.12, 0.0))
    assert red > 1.5 * blue


def test_the_first_sure_picture_sets_a_goal_opposite_and_reset_sets_the_next() -> None:
    seen = read((0.125, 0.0, 0.0))
    assert task().goal == pytest.approx((-0.125, 0.0), abs=0.002)
    task().reset(read((0.0, 0.15, 0.0)))
    assert task().goal == pytest.approx((0.0, -0.125), abs=0.002)
    task().reset(task().read(eye().empty(), 0.0))
    assert task().goal is None
    assert seen.trouble == ""


def test_pictures_that_cannot_be_worked_by_say_why_and_take_no_clicks() -> None:
    width, height = SIZE
    black = np.zeros((height, width, 3), dtype=np.uint8)
    moved = np.ascontiguousarray(np.roll(eye().picture(Scene(POSES[0], None)), 9, axis=1))
    for image, words in (
        (black, "shows nothing: its picture is black"),
        (black + 127, "one even grey"),
        (eye().empty(), "the cube is not in sight"),
        (moved, "the camera has moved"),
        (black[:480, :640], "640×480 px uint8, but the camera was calibrated at 960×720"),
        (black[..., 0], "of shape"),
        (black.astype(np.float32), "float32"),
    ):
        seen = task().read(image, 1.0)  # type: ignore[arg-type]
        assert words in seen.trouble
        assert seen.pose is None
        assert seen.confidence == 0.0
        assert seen.frame.anchor is None
        assert seen.frame.image.shape == (480, 640, 3)
        assert seen.observation.shape == (64, 64, 3)
        outcome = task().judge(seen, seen)
        assert (outcome.done, outcome.violation, outcome.success, outcome.confidence) == (False,) * 3 + (0.0,)
        with pytest.raises(FleetError):
            task().plan(seen, np.array([1.0, 0.0], dtype=np.float32))
        assert task().put_right(seen) == seen.trouble


@pytest.mark.parametrize("length", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("angle", [0.0, 2.0, 4.0])
def test_a_planned_push_takes_the_centre_as_far_as_was_asked(length: float, angle: float) -> None:
    pose: Pose = (-0.09, 0.12, 0.3)
    direction = np.array([math.cos(angle), math.sin(angle)])
    reach = reach_for(pose, (direction * length).astype(np.float32))
    gone = (np.array(sweep_cube(pose, reach.begin, reach.end)[-1, :2]) - pose[:2]) @ direction
    if not breaks_constraint(sweep_cube(pose, reach.begin, reach.end)[:, :3]).any():
        assert gone == pytest.approx(0.06 * length, abs=0.003)
    way = np.array(reach.end) - reach.begin
    assert abs(way[0] * direction[1] - way[1] * direction[0]) < 1e-6


def test_a_plate_is_lowered_clear_of_the_cube_and_never_onto_the_obstacle() -> None:
    right = np.array([1.0, 0.0], dtype=np.float32)
    assert reach_for((0.125, 0.0, 0.0), right).begin == pytest.approx((0.125 - 0.024 - CLEARANCE, 0.0))
    close = reach_for((0.0805, 0.0, 0.0), right).begin[0]
    assert OBSTACLE_HALF + 0.004 < close < 0.0805 - 0.024
    with pytest.raises(FleetError, match=r"no room for the plate .* push another way"):
        reach_for((0.076, 0.0, 0.0), right)
    assert reach_for((0.076, 0.1, 0.0), right).begin[0] < 0.05  # Beside the obstacle there is room.


@pytest.mark.parametrize("action", [[0.0, 0.0], [0.005, 0.005]])
def test_an_action_too_small_to_move_anything_is_told_apart(action: list[float]) -> None:
    with pytest.raises(NoMotion, match=r"moves nothing: 0\.01 at least"):
        reach_for((0.125, 0.0, 0.0), np.array(action, dtype=np.float32))


@pytest.mark.parametrize("action", [[math.nan, 0.0], [math.inf, 0.0], [1.0], [1.0, 0.0, 0.0]])
def test_an_action_that_is_none_is_refused(action: list[float]) -> None:
    with pytest.raises(FleetError, match="two finite numbers"):
        reach_for((0.125, 0.0, 0.0), np.array(action, dtype=np.float32))


def test_success_and_violation_are_read_off_pictures() -> None:
    for pose, goal, success, violation in (
        ((0.125, 0.0, 0.0), (0.125, 0.015), True, False),
        ((0.125, 0.0, 0.0), (0.0, 0.125), False, False),
        ((0.0695, 0.0, 0.0), (0.0695, 0.0), False, True),
        ((0.1, 0.1805, 0.0), (0.1, 0.18), False, True),
    ):
        after = read(pose, goal=goal)
        outcome = task().judge(after, after)
        assert (outcome.success, outcome.violation) == (success, violation)
        assert (outcome.done, outcome.reward) == (success, float(success))
        assert outcome.confidence > SURE


def test_judgements_are_least_sure_on_their_borders() -> None:
    far = [judge_pose((0.1, 0.1, 0.0), (0.1, 0.125 + off), 0.001).confidence for off in (-0.01, 0.0, 0.01)]
    assert far[1] == pytest.approx(0.5, abs=0.01)
    assert min(far[0], far[2]) > 0.99
    touching = [
        judge_pose((0.07 + TOUCH + off, 0.0, 0.0), (-0.125, 0.0), 0.001) for off in (-0.004, 1e-9, 0.004)
    ]
    assert [found.violation for found in touching] == [True, False, False]
    assert touching[1].confidence == pytest.approx(0.5, abs=0.01)
    assert min(touching[0].confidence, touching[2].confidence) > 0.99


def test_room_agrees_with_the_rules_of_the_simulated_task() -> None:
    generator = np.random.default_rng(0)
    poses = np.column_stack(
        [generator.uniform(-WORKSPACE_HALF, WORKSPACE_HALF, (2000, 2)), generator.uniform(-3, 3, 2000)]
    )
    told = np.array([room((x, y, yaw)) for x, y, yaw in poses.tolist()])
    sure = np.abs(told) > 1e-9
    assert np.array_equal((told < 0)[sure], breaks_constraint(poses)[sure])


def test_a_cube_is_put_right_only_where_it_lies_free_in_clear_sight() -> None:
    assert task().put_right(read((0.12, 0.02, 1.0))) == ""
    assert task().goal == pytest.approx((-0.123, -0.0205), abs=0.003)
    assert "from the obstacle or a wall" in task().put_right(read((0.072, 0.0, 0.0)))
    clear = read((0.12, 0.02, 1.0))
    vague = Seen(clear.observation, clear.frame, SURE - 0.1, "", clear.pose)
    assert f"and {SURE} at least" in task().put_right(vague)


def test_colours_are_learnt_from_what_is_known_to_show_the_cube() -> None:
    pixels = np.random.default_rng(0).normal((60, 120, 200), 6, (400, 3)).clip(0, 255).astype(np.uint8)
    tone = tone_of(pixels)
    assert tone.hue == pytest.approx(107, abs=3)
    assert tone.mask(pixels[None][..., ::1].copy()).shape == (1, 400)
    with pytest.raises(ColourError, match="saturation is"):
        tone_of(np.full((400, 3), 120, dtype=np.uint8))
    with pytest.raises(ColourError, match="3 pixels"):
        tone_of(pixels[:3])
    with pytest.raises(ColourError, match="hue is 200"):
        Tone(200, 10, 100, 50)
    with pytest.raises(ColourError, match="mark is"):
        Colours(mark=1.5)


def test_hues_round_the_end_of_the_circle_are_one_tone() -> None:
    hsv = np.array([[[178, 200, 200], [3, 200, 200], [90, 200, 200], [178, 20, 200]]], dtype=np.uint8)
    assert Tone(0, 8, 100, 50).mask(hsv).tolist() == [[255, 255, 0, 0]]
    assert Tone(179, 8, 100, 50).mask(hsv).tolist() == [[255, 255, 0, 0]]


def test_a_square_with_a_hidden_side_follows_from_the_others() -> None:
    steps = np.linspace(-1, 1, 41)
    sides = [np.column_stack([steps, np.full(41, end)]) for end in (-1.0, 1.0)]
    outline = np.vstack([*sides, *(side[:, ::-1] for side in sides[:1])]) * 20
    turned = np.array([[math.cos(0.4), math.sin(0.4)], [-math.sin(0.4), math.cos(0.4)]])
    found = fit_square(outline @ turned + (100, 50), (98.0, 51.0, 0.3), 20.0)
    assert (found.x, found.y, found.yaw) == pytest.approx((100.0, 50.0, 0.4), abs=0.05)
    assert found.visible == pytest.approx(0.75, abs=0.1)
    assert math.isinf(fit_square(outline[:3], (0.0, 0.0, 0.0), 20.0).residual)
