"""The tray, the ball, and the supervisor that keeps it."""

import numpy as np
import pytest

from robots.supervisors.scripted_ball_balance import (
    LARGEST_LEAN,
    ScriptedBallBalance,
    intended_knees,
    time_to_fall,
)
from robots.tasks.ball_balance.balancing import draw_ball, reward
from robots.tasks.ball_balance.task import EPISODE_LENGTH, LEGS, BallBalanceFleet

BALL = slice(13, 16)  # Of qpos.
BALL_SPEED = slice(12, 15)  # Of qvel.


def with_ball_at(places: list[tuple[float, float]], height: float = 0.67) -> BallBalanceFleet:
    """A fleet whose balls lie at rest."""
    fleet = BallBalanceFleet(len(places), 0)
    fleet._simulations.positions[:, BALL] = [(x, y, height) for x, y in places]
    fleet._simulations.speeds[:, BALL_SPEED] = 0.0
    fleet._simulations.refresh()
    return fleet


def act(fleet: BallBalanceFleet, actions: list[list[float]], steps: int = 1):
    for _ in range(steps):
        result = fleet.act(np.array(actions, dtype=np.float32), np.ones(fleet.size, dtype=np.bool_))
    return result


def test_the_tray_holds_a_ball_in_the_middle() -> None:
    fleet = with_ball_at([(0.0, 0.0)])
    result = act(fleet, [[0.0] * 3], 100)
    (ball,), (velocity,) = fleet.balls()
    assert np.allclose(ball, [0.0, 0.0, 0.67], atol=0.01)
    assert np.linalg.norm(velocity) < 0.05
    assert result.reward[0] > 0.9
    assert not result.violation[0]


def test_the_tray_feels_the_weight_of_the_ball() -> None:
    fleet = with_ball_at([(0.0, 0.0), (0.1, 0.0)])
    force = []
    for _ in range(100):
        act(fleet, [[0.0] * 3] * 2)
        force.append(fleet.observe()[:, 12:24] * 20)
    mean = np.mean(force[50:], axis=0)
    assert mean[0, 2] == pytest.approx(-200 * 4 / 3 * np.pi * 0.1**3 * 9.81, rel=0.1)
    for leg, angle in enumerate(LEGS):  # Torque of a weight in the middle about each mount.
        lever = -0.4 * np.array([np.cos(angle), np.sin(angle), 0.0])
        expected = np.cross(lever, [0.0, 0.0, mean[0, 2]])
        assert np.allclose(mean[0, 3 + 3 * leg : 5 + 3 * leg], expected[:2], atol=0.4)


@pytest.mark.parametrize("leg", [0, 1, 2])
def test_a_raised_leg_sends_the_ball_away_from_it(leg: int) -> None:
    fleet = with_ball_at([(0.0, 0.0)])
    raise_it = [[0.0] * 3]
    raise_it[0][leg] = 0.2
    act(fleet, raise_it, 3)
    act(fleet, [[0.0] * 3], 25)
    direction = np.array([np.cos(LEGS[leg]), np.sin(LEGS[leg])])
    (ball,), _ = fleet.balls()
    assert ball[:2] @ direction < -0.01
    assert np.abs(ball[:2] - (ball[:2] @ direction) * direction).max() < 0.01


def test_targets_stay_within_the_range_of_the_knees() -> None:
    fleet = BallBalanceFleet(1, 0)
    act(fleet, [[1.0, -1.0, 0.0]], 40)
    assert np.allclose(fleet.targets(), np.radians([[90.0, -70.0, 0.0]]))


def test_a_ball_on_the_ground_is_a_violation_that_waits() -> None:
    fleet = with_ball_at([(0.8, 0.0), (0.0, 0.0)], height=0.3)
    fleet._simulations.positions[1, 15] = 0.67
    for _ in range(60):
        result = act(fleet, [[0.0] * 3] * 2)
        if result.violation.any():
            break
    assert result.violation.tolist() == [True, False]
    before = fleet.observe()[0]
    fleet.reset([0])
    act(fleet, [[0.0] * 3] * 2)
    assert np.array_equal(fleet.observe()[0], before)
    fleet.hard_reset([0])
    assert fleet.balls()[0][0, 2] >= 1.0


def test_an_episode_that_lasts_is_a_success_only_with_a_good_return() -> None:
    fleet = with_ball_at([(0.0, 0.0), (0.0, 0.0)])
    fleet._memory["returns"][:] = [fleet.success_return, -1000.0]
    fleet._steps[:] = EPISODE_LENGTH - 1
    result = act(fleet, [[0.0] * 3] * 2)
    assert result.done.tolist() == [True, True]
    assert result.success.tolist() == [True, False]
    assert not result.violation.any()
    fleet.reset([0, 1])
    assert (fleet.returns() == 0).all()


def test_reward_is_the_published_one() -> None:
    balls = np.array([[0.0, 0.0, 0.7], [0.3, 0.4, 0.7], [0.0, 0.0, 0.7]])
    speeds = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 3.0, 0.0]])
    assert np.allclose(reward(balls, speeds), [1.0, 1 / 1.5, 1 / 4])


def test_balls_start_over_the_tray_and_fly_towards_its_middle() -> None:
    generator = np.random.default_rng(0)
    for _ in range(200):
        position, velocity = draw_ball(generator)
        distance = np.linalg.norm(position[:2])
        assert distance <= 0.5
        assert 1.0 <= position[2] <= 2.0
        assert velocity[2] == -5.0
        assert position[:2] @ velocity[:2] <= 0.0
        assert np.linalg.norm(velocity[:2]) <= 5.0 * distance / 0.5


def test_the_supervisor_raises_the_side_where_the_ball_is() -> None:
    balls = np.array([[0.1, 0.0, 0.67], [0.0, 0.0, 0.67], [3.0, 0.0, 0.67]])
    knees = intended_knees(balls, np.zeros((3, 3)))
    assert knees[0, 0] > 0 > knees[0, 1]
    assert knees[0, 1] == pytest.approx(knees[0, 2])
    assert np.allclose(knees[1], 0.0)
    assert knees[2].max() == pytest.approx(LARGEST_LEAN)


def test_the_time_to_fall_is_that_of_free_fall() -> None:
    height, speed = np.array([1.67, 0.5]), np.array([-2.0, 0.0])
    time = time_to_fall(height, speed)
    assert height[0] + speed[0] * time[0] - 9.81 / 2 * time[0] ** 2 == pytest.approx(0.67)
    assert time[1] == 0.0


def test_the_supervisor_keeps_most_balls_for_two_seconds() -> None:
    fleet, supervisor = BallBalanceFleet(40, 3), ScriptedBallBalance("scripted", 0)
    lost = np.zeros(40, dtype=np.bool_)
    for _ in range(200):
        lost |= fleet.act(supervisor.actions(fleet, range(40)), ~lost).violation
    assert lost.sum() <= 4
    near = np.linalg.norm(fleet.balls()[0][~lost, :2], axis=1)
    assert np.median(near) < 0.1
