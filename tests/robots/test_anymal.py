"""ANYmal's body, what it sees, and what it is paid for."""

import mujoco
import numpy as np
import pytest

from robots.fleet import StepResult
from robots.tasks.anymal.task import REST, AnymalFleet, _model
from robots.tasks.anymal.walking import COMMANDS, EPISODE_LENGTH, reward


def act(fleet: AnymalFleet, action: float = 0.0, steps: int = 1) -> StepResult:
    actions = np.full((fleet.size, 12), action, dtype=np.float32)
    for _ in range(steps):
        result = fleet.act(actions, np.ones(fleet.size, dtype=np.bool_))
    return result


def test_links_weigh_what_the_manufacturer_says() -> None:
    model = _model()
    drives_and_trunk = 6.222 + 5.53425 + 2 * 0.73 + 0.695 + 0.065 + 0.142 + 4 * 2.04
    assert model.body("base").mass[0] == pytest.approx(drives_and_trunk)
    for leg in ("LF", "LH", "RF", "RH"):
        masses = [model.body(f"{leg}_{link}").mass[0] for link in ("HIP", "THIGH", "SHANK")]
        assert masses == pytest.approx([2.78, 3.07, 0.58742], abs=0.002)


def test_it_is_as_wide_left_as_right_and_as_long_front_as_rear() -> None:
    model, data = _model(), mujoco.MjData(_model())
    data.qpos[7:] = REST
    mujoco.mj_kinematics(model, data)
    places = {leg: data.body(f"{leg}_SHANK").xpos for leg in ("LF", "LH", "RF", "RH")}
    for one, other, mirrored in (("LF", "RF", [1, -1, 1]), ("LF", "LH", [-1, 1, 1])):
        assert np.allclose(places[one], places[other] * mirrored, atol=1e-9)


def test_it_stands_when_it_does_nothing() -> None:
    fleet = AnymalFleet(8, 0)
    result = act(fleet, steps=150)
    assert not result.violation.any()
    assert (fleet._simulations.positions[:, 2] > 0.4).all()
    assert np.abs(fleet._simulations.speeds).max() < 0.2
    assert np.allclose(fleet.observe()[:, 6:9], [0.0, 0.0, -1.0], atol=0.1)


def test_observations_are_in_the_frame_of_the_base() -> None:
    fleet = AnymalFleet(2, 0)
    mujoco.mju_axisAngle2Quat(fleet._simulations.positions[0, 3:7], np.array([0.0, 0.0, 1.0]), np.pi / 2)
    fleet._simulations.speeds[0, :6] = [0.0, 0.7, 0.0, 0.1, 0.2, 0.4]
    mujoco.mju_axisAngle2Quat(fleet._simulations.positions[1, 3:7], np.array([1.0, 0.0, 0.0]), np.pi / 6)
    seen = fleet.observe()
    assert np.allclose(seen[0, :6], [1.4, 0.0, 0.0, 0.025, 0.05, 0.1], atol=1e-6)
    assert np.allclose(seen[1, 6:9], [0.0, -0.5, -np.cos(np.pi / 6)], atol=1e-6)
    assert np.allclose(seen[:, 9:12], fleet.commands() * [2.0, 2.0, 0.25])
    assert np.allclose(seen[:, 12:24], fleet._simulations.positions[:, 7:] - REST)
    act(fleet, 0.3)
    assert np.allclose(fleet.observe()[:, 36:], 0.3)


def test_commands_are_drawn_anew_for_each_episode() -> None:
    fleet = AnymalFleet(300, 0)
    first = fleet.commands()
    assert (np.abs(first) <= COMMANDS).all()
    assert (np.abs(first).max(axis=0) > 0.95 * COMMANDS).all()
    fleet.reset([0])
    assert not np.array_equal(fleet.commands()[0], first[0])
    assert np.array_equal(fleet.commands()[1:], first[1:])


def test_reward_is_the_published_one() -> None:
    command, still, zero = np.array([[1.0, 0.0, 0.5]]), np.zeros((1, 3)), np.zeros((1, 12))
    moving, turning = np.array([[1.0, 0.0, 9.0]]), np.array([[9.0, 9.0, 0.5]])
    assert reward(command, moving, turning, zero)[0] == pytest.approx(0.03)
    expected = 0.02 * (np.exp(-4.0) + 0.5 * np.exp(-1.0))
    assert reward(command, still, still, zero)[0] == pytest.approx(expected)
    assert reward(command, moving, turning, zero + 10.0)[0] == pytest.approx(0.02 * (1.5 - 0.03))
    assert reward(command, still, still, zero + 80.0)[0] == 0.0


def test_a_base_on_the_ground_is_a_violation_and_a_time_out_is_not() -> None:
    fleet = AnymalFleet(3, 0)
    mujoco.mju_axisAngle2Quat(fleet._simulations.positions[0, 3:7], np.array([1.0, 0.0, 0.0]), np.pi)
    fleet._simulations.positions[0, 2] = 0.15
    fleet._simulations.refresh()
    fleet._steps[1] = EPISODE_LENGTH - 1
    result = act(fleet)
    assert result.violation.tolist() == [True, False, False]
    assert result.done.tolist() == [False, True, False]
    before = fleet.observe()[0]
    act(fleet, 1.0)
    assert np.array_equal(fleet.observe()[0], before)


def test_a_snapshot_restores_bit_for_bit() -> None:
    fleet, other = AnymalFleet(3, 0), AnymalFleet(3, 9)
    act(fleet, 0.2, 10)
    taken = fleet.snapshot()
    act(fleet, -0.2, 10)
    other.restore(taken)
    act(other, -0.2, 10)
    assert np.array_equal(fleet.observe(), other.observe())
    for name, array in fleet.snapshot().items():
        assert np.array_equal(array, other.snapshot()[name]), name


def test_a_robot_is_the_same_in_a_fleet_of_any_size() -> None:
    small, large = AnymalFleet(2, 3), AnymalFleet(7, 3)
    for step in range(10):
        for fleet in (small, large):
            act(fleet, 0.1 * step)
        assert np.array_equal(small.observe(), large.observe()[:2])
