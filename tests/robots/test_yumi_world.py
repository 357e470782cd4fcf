"""The table under a simulated arm, at every moment of a sweep."""

import math

import numpy as np
import pytest

from robots.remote.side import Reach
from robots.tasks.block_push.push import contact_distance, push_cube
from robots.yumi.twin.path import Speeds, plan
from robots.yumi.twin.world import Moments, WorldError, WorldTwin, sweep_cube

MOMENTS = Moments(raised=0.0, lowered=1.0, starts=2.0, ends=4.0, lifted=5.0)


class Clock:
    """Stands still unless it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def world() -> tuple[WorldTwin, Clock]:
    clock = Clock()
    return WorldTwin((0.125, 0.0, 0.0), clock), clock


@pytest.mark.parametrize("seed", range(12))
def test_a_sweep_does_what_a_push_of_the_simulated_task_does(seed: int) -> None:
    generator = np.random.default_rng(seed)
    angle = generator.uniform(-math.pi, math.pi)
    pose = np.array([0.125 * math.cos(angle), 0.125 * math.sin(angle), generator.uniform(-math.pi, math.pi)])
    action = generator.uniform(-1, 1, 2).astype(np.float32)
    push = push_cube(pose, action)
    direction = action / np.linalg.norm(action)
    behind = contact_distance(float(pose[2]), (float(direction[0]), float(direction[1]))) + 0.005
    begin = (float(pose[0] - direction[0] * behind), float(pose[1] - direction[1] * behind))
    end = (float(push.trail[-1, 3]), float(push.trail[-1, 4]))
    swept = sweep_cube((float(pose[0]), float(pose[1]), float(pose[2])), begin, end)[-1]
    assert np.abs(swept[:2] - push.pose[:2]).max() < 3e-4
    assert abs(swept[2] - push.pose[2]) < math.radians(1)


def test_a_sweep_that_misses_the_cube_leaves_it_alone() -> None:
    trail = sweep_cube((0.125, 0.0, 0.3), (-0.1, -0.1), (-0.1, 0.1))
    assert np.array_equal(trail[-1, :3], [0.125, 0.0, 0.3])
    assert trail[-1, 3:].tolist() == pytest.approx([-0.1, 0.1])


def test_the_cube_moves_with_the_clock_and_the_plate_is_seen_while_it_is_down() -> None:
    table, clock = world()
    table.sweep((0.09, 0.0), (0.15, 0.0), MOMENTS)
    seen = []
    for clock.now in (0.5, 1.5, 3.0, 4.5, 6.0):
        seen.append(table.scene())
    tools = [scene.tool[0] if scene.tool else None for scene in seen]
    assert tools == [None, pytest.approx(0.09), pytest.approx(0.12, abs=1e-3), pytest.approx(0.15), None]
    xs = [scene.cube[0] for scene in seen]
    assert xs[0] == xs[1] == 0.125
    assert 0.125 < xs[2] < xs[3] == xs[4]
    assert xs[4] == pytest.approx(0.174, abs=1e-3)


def test_a_halt_stops_everything_where_it_is_even_when_it_was_planned_ahead() -> None:
    table, clock = world()
    table.sweep((0.09, 0.0), (0.15, 0.0), MOMENTS)
    table.halt(3.5)
    clock.now = 3.0
    before = table.scene()
    clock.now = 3.5
    halted = table.scene()
    clock.now = 99.0
    assert table.scene() == halted
    assert before.cube[0] < halted.cube[0] < 0.17
    assert halted.tool is not None


def test_after_a_halt_the_plate_stands_until_the_next_motion_raises_it() -> None:
    table, clock = world()
    table.sweep((0.09, 0.0), (0.15, 0.0), MOMENTS)
    table.halt(3.0)
    clock.now = 10.0
    table.sweep((0.0, 0.15), (0.0, 0.1), Moments(11.0, 12.0, 13.0, 14.0, 15.0))
    cube = table.scene().cube
    tools = []
    for clock.now in (10.5, 11.5, 12.5):
        tools.append(table.scene().tool)
    assert tools[0] == pytest.approx((0.12, 0.0), abs=1e-3)
    assert tools[1] is None
    assert tools[2] == pytest.approx((0.0, 0.15))
    assert table.scene().cube == cube


def test_a_plate_is_not_lowered_onto_the_cube() -> None:
    table, _ = world()
    with pytest.raises(WorldError, match="lowered onto the cube"):
        table.sweep((0.125, 0.0), (0.15, 0.0), MOMENTS)
    assert table.pose(99.0).cube == (0.125, 0.0, 0.0)


def test_a_cube_that_touches_the_obstacle_stays_there() -> None:
    table, _ = world()
    table.sweep((0.16, 0.0), (0.0, 0.0), MOMENTS)
    scene = table.pose(99.0)
    assert scene.cube[0] == pytest.approx(0.07, abs=2e-3)


def test_hands_put_the_cube_anywhere_inside_but_not_under_a_moving_arm() -> None:
    table, clock = world()
    table.hands((-0.125, 0.0, 1.0))
    assert table.scene().cube == (-0.125, 0.0, 1.0)
    table.sweep((-0.16, 0.0), (-0.15, 0.0), MOMENTS)
    with pytest.raises(WorldError, match="The arm is moving"):
        table.hands((0.0, 0.125, 0.0))
    clock.now = 5.0
    table.hands((0.0, 0.125, 0.0))
    assert table.scene().cube == (0.0, 0.125, 0.0)
    for pose in ((0.3, 0.0, 0.0), (0.0, math.nan, 0.0), (0.0, 0.0, math.inf)):
        with pytest.raises(WorldError, match="A cube cannot lie"):
            table.hands(pose)


def test_the_rest_of_a_way_ends_where_the_whole_would() -> None:
    way = plan(
        (0, 0.3, 0.15), Reach((0.09, 0), (0.15, 0), 0.1), (0, 0.3, 0.15), Speeds(0.2, 0.08, 0.003, 1.0), 0.0
    )
    for now in np.linspace(0.0, way.ends - 0.01, 40).tolist():
        rest = way.rest(now, 100.0)
        assert rest.corners[0] == way.at(now)
        assert rest.corners[-1] == way.corners[-1]
        assert rest.ends - 100.0 == pytest.approx(way.ends - now)
        if rest.touches >= 0:
            assert rest.corners[rest.touches + 1] == way.corners[way.touches + 1]
