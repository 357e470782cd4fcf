"""The maze, its wind and its fork, and the supervisor that knows the way."""

import re

import numpy as np
import pytest

from robots.camera import action_from_click
from robots.demonstrations import collect
from robots.fleet import FleetError
from robots.registry import make_demonstration_fleet, make_fleet
from robots.supervisors.scripted_navigation import ScriptedNavigation, intended_step
from robots.tasks.navigation import maze, task
from robots.tasks.navigation.people_view import CAMERA, to_camera
from robots.tasks.navigation.task import EPISODE_LENGTH, NavigationFleet

FREE_CELLS = [tuple(cell) for cell in np.argwhere(maze.FREE).tolist()]
FORK = (maze.OBSTACLE_COLUMNS.start - 1, maze.CENTRE_ROW)
WINDY = (maze.WINDY_COLUMNS.start, maze.CENTRE_ROW)


def standing_at(*cells: tuple[int, int], wind: float = maze.EXECUTION_WIND) -> NavigationFleet:
    """A fleet with a robot in each of these cells."""
    fleet = NavigationFleet(len(cells), 0, wind)
    there = np.array(cells, dtype=np.float64)
    trails = np.repeat(there[:, None], task.TRAIL_LENGTH, axis=1).astype(np.int16)
    fleet.restore(dict(fleet.snapshot()) | {"cells": there, "trails": trails})
    return fleet


def act(fleet: NavigationFleet, *actions: tuple[float, float]):
    return fleet.act(np.array(actions, dtype=np.float32), np.ones(fleet.size, dtype=np.bool_))


def drive(fleet: NavigationFleet, supervisor: ScriptedNavigation, steps: int) -> dict[str, int]:
    """The supervisor drives every robot; how often each thing happened."""
    counts = dict.fromkeys(("success", "violation", "done"), 0)
    active = np.ones(fleet.size, dtype=np.bool_)
    for _ in range(steps):
        result = fleet.act(supervisor.actions(fleet, range(fleet.size)), active)
        for name in counts:
            counts[name] += int(getattr(result, name).sum())
        fleet.reset(np.flatnonzero(result.done).tolist())
        fleet.hard_reset(np.flatnonzero(result.violation).tolist())
    return counts


@pytest.mark.parametrize(
    ("action", "landed"),
    [
        ((1.0, 0.0), (3, 6)),
        ((0.5, -0.5), (3, 6)),  # Halves go up: +0.5 moves, -0.5 does not.
        ((0.49, 0.49), (2, 6)),
        ((-0.51, 0.51), (1, 7)),
        ((1.0, -1.0), (3, 5)),
    ],
)
def test_a_step_rounds_to_the_nearest_cell(action: tuple[float, float], landed: tuple[int, int]) -> None:
    fleet = standing_at((2, 6))
    act(fleet, action)
    assert fleet.observe().tolist() == [list(landed)]


def test_the_mean_of_up_and_down_stays_at_the_fork_for_ever() -> None:
    """What explicit cloning does there; even the mean of a 70:30 split does not get past it."""
    fleet = standing_at(FORK, FORK)
    for _ in range(EPISODE_LENGTH - 1):
        assert not act(fleet, (0.0, 0.0), (0.0, 0.4)).done.any()
    last = act(fleet, (0.0, 0.0), (0.0, 0.4))
    assert fleet.observe().tolist() == [list(FORK)] * 2
    assert last.done.all()
    assert not last.success.any()
    assert not last.violation.any()


def test_wind_carries_a_robot_that_steers_straight_into_the_wall() -> None:
    """What implicit cloning does there: a few steps, then a violation."""
    windy, calm = standing_at(WINDY), standing_at(WINDY, wind=0.0)
    rows = []
    for _ in range(maze.CORRIDOR_HALF_ROWS):
        assert not act(windy, (1.0, 0.0)).violation[0]
        act(calm, (1.0, 0.0))
        rows.append((windy.observe()[0, 1], calm.observe()[0, 1]))
    assert rows == [(7, 6), (8, 6)]
    assert act(windy, (1.0, 0.0)).violation[0]
    assert windy.observe()[0].tolist() == [WINDY[0] + 2, 8]


def test_wind_blows_in_its_segment_alone_and_at_the_published_strength() -> None:
    assert maze.EXECUTION_WIND == 0.75
    fleet = standing_at(*FREE_CELLS)
    inside = np.array([column in maze.WINDY_COLUMNS for column, _ in FREE_CELLS])
    assert np.array_equal(fleet.winds(), 0.75 * inside)
    assert not standing_at(*FREE_CELLS, wind=0.0).winds().any()


@pytest.mark.parametrize(("steering", "risen"), [(0.0, 1), (-0.2, 1), (-0.3, 0), (-0.75, 0), (-1.0, 0)])
def test_steering_against_the_wind_holds_the_row(steering: float, risen: int) -> None:
    fleet = standing_at(WINDY)
    act(fleet, (1.0, steering))
    assert fleet.observe()[0].tolist() == [WINDY[0] + 1, WINDY[1] + risen]


@pytest.mark.parametrize("wind", [-0.1, 1.1, np.nan])
def test_other_winds_are_refused(wind: float) -> None:
    with pytest.raises(FleetError, match="wind"):
        NavigationFleet(1, 0, wind)


def test_every_way_out_of_the_free_cells_is_a_violation() -> None:
    moves = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    cells, actions = zip(*((cell, move) for cell in FREE_CELLS for move in moves), strict=True)
    assert len(cells) > 1000  # More than one fleet takes.
    for first in range(0, len(cells), 1000):
        some, chosen = cells[first : first + 1000], actions[first : first + 1000]
        result = act(standing_at(*some, wind=0.0), *chosen)
        landed = [(x + dx, y + dy) for (x, y), (dx, dy) in zip(some, chosen, strict=True)]
        assert result.violation.tolist() == [cell not in FREE_CELLS for cell in landed]


def test_a_robot_in_violation_stays_until_its_hard_reset() -> None:
    fleet = standing_at(FORK)
    assert act(fleet, (1.0, 0.0)).violation[0]
    fleet.reset([0])
    again = act(fleet, (-1.0, 0.0))
    assert again.violation[0]
    assert not again.done[0]
    assert fleet.observe()[0].tolist() == list(FORK)
    fleet.hard_reset([0])
    assert not act(fleet, (1.0, 0.0)).violation[0]
    assert fleet.observe()[0].tolist() == [maze.START[0] + 1, maze.START[1]]


def test_reaching_the_goal_is_the_only_reward() -> None:
    fleet = standing_at((maze.GOAL[0] - 1, maze.GOAL[1]), (maze.GOAL[0] - 1, maze.GOAL[1] - 1))
    result = act(fleet, (1.0, 0.0), (1.0, 0.0))
    assert result.reward.tolist() == [1.0, 0.0]
    assert result.success.tolist() == result.done.tolist() == [True, False]


def test_a_time_out_comes_after_the_episode_length_counted_from_the_reset() -> None:
    fleet = NavigationFleet(1, 0)
    for episode in range(2):
        ends = [bool(act(fleet, (0.0, 0.0)).done[0]) for _ in range(EPISODE_LENGTH)]
        assert ends == [False] * (EPISODE_LENGTH - 1) + [True]
        fleet.reset([0])
        assert fleet.episodes().tolist() == [episode + 1]


def test_actions_out_of_bounds_are_counted() -> None:
    fleet = NavigationFleet(3, 0)
    actions = np.array([[2, 0], [-3, -3], [1, 1]], dtype=np.float32)
    fleet.act(actions, np.array([True, False, True]))
    assert fleet.clipped == 1


def test_cells_that_are_not_free_are_not_restored() -> None:
    fleet = NavigationFleet(1, 0)
    before = fleet.snapshot()
    for cell in ((6, 6), (-1, 0), (0, 13), (29, 6), (1.5, 6), (1e9, 6)):
        with pytest.raises(FleetError, match="cells"):
            fleet.restore(dict(before) | {"cells": np.array([cell], dtype=np.float64)})
    assert np.array_equal(fleet.observe(), NavigationFleet(1, 0).observe())
    with pytest.raises(FleetError, match=re.escape("wind 0.0")):
        NavigationFleet(1, 0, 0.0).restore(before)


@pytest.mark.parametrize("wind", [0.0, 0.75, 1.0])
def test_the_supervisor_reaches_the_goal_from_every_cell(wind: float) -> None:
    fleet, supervisor = standing_at(*FREE_CELLS, wind=wind), ScriptedNavigation("x", 0)
    arrived = np.zeros(fleet.size, dtype=np.bool_)
    for _ in range(60):
        active = ~arrived
        result = fleet.act(supervisor.actions(fleet, range(fleet.size)), active)
        assert not result.violation.any()
        arrived |= result.success
    assert arrived.all()


def test_the_supervisor_succeeds_in_every_episode_with_and_without_wind() -> None:
    for fleet in (make_fleet("navigation", 50, 0), make_demonstration_fleet("navigation", 50, 0)):
        counts = drive(fleet, ScriptedNavigation("x", 0), 120)
        assert counts["success"] == counts["done"] >= 100
        assert counts["violation"] == 0


def test_the_supervisor_goes_above_and_below_equally_often_and_keeps_to_it() -> None:
    supervisor = ScriptedNavigation("x", 0)
    sides = np.array([[supervisor.side(robot, episode) for episode in range(20)] for robot in range(50)])
    assert abs(sides.mean()) < 0.1  # Three standard deviations of 1,000 fair draws.
    assert all(0 < (row > 0).sum() < 20 for row in sides[:10])  # Chosen anew in every episode.
    fleet = standing_at(*[FORK] * 50)
    for _ in range(3):
        assert np.array_equal(np.sign(supervisor.actions(fleet, range(50))[:, 1]), sides[:, 0])
    other = ScriptedNavigation("y", 1)
    assert any(other.side(robot, 0) != supervisor.side(robot, 0) for robot in range(50))


def test_where_one_way_is_nearer_both_choices_take_it() -> None:
    for column, row in FREE_CELLS:
        if row != maze.CENTRE_ROW or column >= maze.OBSTACLE_COLUMNS.start:
            assert intended_step(column, row, 0.0, 1) == intended_step(column, row, 0.0, -1)


def test_in_the_wind_the_supervisor_steers_right_and_down() -> None:
    assert intended_step(*WINDY, 0.75, 1) == (1.0, -0.75)
    assert intended_step(WINDY[0], WINDY[1] + 1, 0.75, 1) == (1.0, -1.0)


def test_demonstrations_are_calm_and_go_both_ways() -> None:
    observations, actions, _ = collect("navigation", 1600, 0, robots=20)
    in_wind = np.isin(observations[:, 0], list(maze.WINDY_COLUMNS))
    assert in_wind.sum() > 100
    assert set(observations[in_wind, 1].tolist()) == {maze.CENTRE_ROW}
    assert np.abs(actions[in_wind, 1]).max() < 0.3
    at_fork = (observations == FORK).all(axis=1)
    ups = (actions[at_fork, 1] > 0).mean()
    assert at_fork.sum() >= 20
    assert 0.25 < ups < 0.75
    assert np.abs(actions[at_fork, 1]).min() > 0.7


def test_a_click_on_a_neighbouring_cell_goes_there() -> None:
    for move in [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if (dx, dy) != (0, 0)]:
        fleet = standing_at((20, 6), wind=0.0)
        frame = fleet.frames([0])[0]
        point = CAMERA.to_fraction(to_camera(np.array([20 + move[0], 6 + move[1]])))
        assert frame.anchor is not None
        action, _ = action_from_click(frame.anchor, point, frame.reach)
        act(fleet, tuple(action))
        assert fleet.observe()[0].tolist() == [20 + move[0], 6 + move[1]]


def test_a_frame_shows_the_robot_at_its_anchor_and_its_trail() -> None:
    fleet = standing_at((2, 2))
    act(fleet, (1.0, 0.0))
    frame = fleet.frames([0])[0]
    assert frame.anchor is not None
    x, y = round(frame.anchor[0] * 640), round(frame.anchor[1] * 480)
    assert frame.image[y, x].tolist() == [238, 190, 92]
    assert not np.array_equal(frame.image, standing_at((3, 2)).frames([0])[0].image)
    calm = standing_at((2, 2), wind=0.0)
    assert not np.array_equal(calm.frames([0])[0].image, standing_at((2, 2)).frames([0])[0].image)


def test_a_trail_keeps_the_last_cells_in_order() -> None:
    fleet = NavigationFleet(1, 0)
    for step in range(task.TRAIL_LENGTH + 10):
        act(fleet, (1.0 if step % 2 else -1.0, 0.0))
    assert fleet.frames([0])[0].image.any()
    assert set(map(tuple, fleet.snapshot()["trails"][0].tolist())) == {(0, 6), (1, 6)}
