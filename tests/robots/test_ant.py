"""The ant's body, what it sees, and what it is paid for."""

import mujoco
import numpy as np
import pytest

from robots.fleet import StepResult
from robots.tasks.ant.running import EPISODE_LENGTH, reward
from robots.tasks.ant.task import TARGET, AntFleet, _model

UP, HEADING = 10, 11
JOINTS, SPEEDS = slice(12, 20), slice(20, 28)
FORCES, LAST_ACTION = slice(28, 52), slice(52, 60)


def act(fleet: AntFleet, action: float = 0.0, steps: int = 1) -> StepResult:
    actions = np.full((fleet.size, 8), action, dtype=np.float32)
    for _ in range(steps):
        result = fleet.act(actions, np.ones(fleet.size, dtype=np.bool_))
    return result


def turn(fleet: AntFleet, robot: int, axis: int, angle: float) -> None:
    """Turn one ant's torso about an axis of the world."""
    direction = np.zeros(3)
    direction[axis] = 1.0
    mujoco.mju_axisAngle2Quat(fleet._simulations.positions[robot, 3:7], direction, angle)


def test_the_body_weighs_what_its_shapes_at_the_published_density_do() -> None:
    sphere = 4 / 3 * np.pi * 0.25**3
    capsules = [0.2 * np.sqrt(2)] * 8 + [0.4 * np.sqrt(2)] * 4
    rods = sum(np.pi * 0.08**2 * length + 4 / 3 * np.pi * 0.08**3 for length in capsules)
    assert _model().body_mass.sum() == pytest.approx(5.0 * (sphere + rods), rel=1e-6)


def test_observations_say_where_the_torso_is_and_how_it_is_turned() -> None:
    fleet = AntFleet(3, 0)
    turn(fleet, 0, 2, 0.4)  # Yaw.
    turn(fleet, 1, 0, 0.3)  # Roll.
    fleet._simulations.positions[2, :3] = [3.0, 40.0, 0.6]
    fleet._simulations.speeds[0, :6] = [1.0, 0.0, 0.0, 0.1, 0.2, 0.3]
    seen = fleet.observe()
    assert np.allclose(seen[0, 7:10], [0.4, 0.0, -0.4], atol=1e-6)
    assert np.allclose(seen[1, 7:10], [0.0, 0.3, 0.0], atol=1e-6)
    assert seen[2, 0] == pytest.approx(0.6)
    assert seen[2, 9] == pytest.approx(np.arctan2(-40.0, TARGET - 3.0))
    assert seen[0, UP] == pytest.approx(1.0)
    assert seen[0, HEADING] == pytest.approx(np.cos(0.4))
    assert seen[1, UP] == pytest.approx(np.cos(0.3))
    assert np.allclose(seen[0, 1:4], [np.cos(0.4), -np.sin(0.4), 0.0], atol=1e-6), "in its own frame"
    assert np.allclose(seen[0, 4:7], [0.1, 0.2, 0.3])


def test_joints_are_seen_at_one_where_their_limits_are() -> None:
    fleet = AntFleet(2, 0)
    fleet._simulations.positions[0, 7:] = _model().jnt_range[1:, 0]
    fleet._simulations.positions[1, 7:] = _model().jnt_range[1:, 1]
    fleet._simulations.speeds[:, 6:] = 5.0
    seen = fleet.observe()
    assert np.allclose(seen[:, JOINTS], [[-1.0] * 8, [1.0] * 8])
    assert np.allclose(seen[:, SPEEDS], 1.0)


def test_feet_feel_the_ground_and_the_last_action_is_seen() -> None:
    fleet = AntFleet(1, 0)
    assert not fleet.observe()[0, FORCES].any()
    act(fleet, 0.25)
    assert np.allclose(fleet.observe()[0, LAST_ACTION], 0.25)
    act(fleet, 0.0, 100)
    at_rest = fleet.observe()[0]
    assert np.abs(at_rest[FORCES]).max() > 0.05
    weight = _model().body_mass.sum() * 9.81
    forces = 10 * at_rest[FORCES].reshape(4, 6)[:, :3]
    assert 0.1 * weight < np.linalg.norm(forces, axis=1).sum() < 4 * weight
    fleet.reset([0])
    assert not fleet.observe()[0, FORCES].any()
    assert not fleet.observe()[0, LAST_ACTION].any()


def test_an_ant_that_rests_is_paid_for_being_upright_and_for_nothing_else() -> None:
    fleet = AntFleet(1, 0)
    act(fleet, 0.0, 200)
    joints = fleet.observe()[0, JOINTS]
    expected = 0.5 + 0.5 + 0.1 - 0.1 * (joints > 0.99).sum()
    assert act(fleet).reward[0] == pytest.approx(expected, abs=0.02)


def test_speed_towards_the_target_is_paid_for() -> None:
    fleet = AntFleet(3, 0)
    for robot, speed in enumerate((0.0, 2.0, -2.0)):
        fleet._simulations.clear(robot)
        fleet._simulations.positions[robot, 2] = 1.5
        fleet._simulations.positions[robot, 7:] = fleet._rest
        fleet._simulations.speeds[robot, 0] = speed
    fleet._simulations.refresh()
    rewards = act(fleet).reward
    assert rewards[1] - rewards[0] == pytest.approx(2.0, rel=0.02)
    assert rewards[0] - rewards[2] == pytest.approx(2.0, rel=0.02)


def test_reward_is_the_published_one() -> None:
    zero = np.zeros((1, 8))
    one = np.ones(1)
    assert reward(0 * one, one, one, zero, zero, zero)[0] == pytest.approx(1.1)
    assert reward(3 * one, 0.9 * one, 0.4 * one, zero, zero, zero)[0] == pytest.approx(3.75)
    assert reward(0 * one, one, one, zero + 1.0, zero, zero)[0] == pytest.approx(0.3)
    assert reward(0 * one, one, one, zero, zero + 2.0, zero - 0.5)[0] == pytest.approx(1.1 - 0.01 - 0.4)


def test_a_fall_is_a_violation_that_costs_and_waits() -> None:
    fleet = AntFleet(2, 0)
    fleet._simulations.positions[0, 2] = 0.2
    turn(fleet, 0, 0, np.pi)
    fleet._simulations.refresh()
    result = act(fleet)
    assert result.violation.tolist() == [True, False]
    assert result.reward[0] == -2.0
    assert not result.done.any()
    before = fleet.observe()[0]
    result = act(fleet, 1.0)
    assert result.violation[0]
    assert result.reward[0] == 0.0
    assert np.array_equal(fleet.observe()[0], before)
    fleet.hard_reset([0])
    assert not act(fleet).violation.any()


def test_an_episode_that_lasts_is_a_success_only_with_a_good_return() -> None:
    fleet = AntFleet(2, 0)
    fleet._steps[:] = EPISODE_LENGTH - 1
    fleet._memory["returns"][:] = [fleet.success_return, fleet.success_return - 100.0]
    result = act(fleet)
    assert result.done.tolist() == [True, True]
    assert result.success.tolist() == [True, False]


def test_ants_start_near_their_rest_inside_their_limits() -> None:
    joints = AntFleet(200, 0)._simulations.positions[:, 7:]
    limits = _model().jnt_range[1:]
    assert (joints >= limits[:, 0]).all()
    assert (joints <= limits[:, 1]).all()
    assert 0.19 < np.abs(joints - AntFleet(1, 0)._rest).max() <= 0.2
