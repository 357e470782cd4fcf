"""Simulations stepped together, what blows up, and pictures of them."""

import logging

import mujoco
import numpy as np
import pytest
from mujoco.batch import Batch

from robots.backends import rotations
from robots.backends.mujoco import Simulations, load_model
from robots.backends.mujoco_view import View, draw_robot
from robots.fleet import Fleet, FleetError
from robots.registry import make_fleet

PENDULUM = """
<mujoco>
  <option timestep="0.01"><flag autoreset="disable"/></option>
  <worldbody>
    <body name="arm">
      <joint name="hinge" axis="0 1 0" pos="0 0 0.5"/>
      <geom type="capsule" fromto="0 0 0.5 0.4 0 0.5" size="0.05"/>
      <site name="tip" pos="0.4 0 0.5"/>
    </body>
  </worldbody>
  <actuator><motor joint="hinge"/></actuator>
</mujoco>
"""


@pytest.fixture
def model(tmp_path) -> mujoco.MjModel:
    path = tmp_path / "pendulum.xml"
    path.write_text(PENDULUM)
    return load_model(path)


def test_a_model_that_hides_blow_ups_is_refused(tmp_path) -> None:
    path = tmp_path / "hiding.xml"
    path.write_text(PENDULUM.replace('<flag autoreset="disable"/>', ""))
    with pytest.raises(FleetError, match="autoreset"):
        load_model(path)


def test_a_simulation_moves_as_one_alone_would(model: mujoco.MjModel) -> None:
    together, alone = Simulations(model, 5, ["site_xpos"]), mujoco.MjData(model)
    for robot in range(5):
        together.clear(robot)
    together.controls[:] = alone.ctrl[:] = 0.3
    together.step(np.arange(5), 7)
    mujoco.mj_step(model, alone, 7)
    mujoco.mj_step1(model, alone)
    assert np.array_equal(together.positions, np.tile(alone.qpos, (5, 1)))
    assert np.array_equal(together.derived("site_xpos")[4], alone.site_xpos), "fields lag behind the state"


def test_only_the_named_simulations_move(model: mujoco.MjModel) -> None:
    simulations = Simulations(model, 4)
    for robot in range(4):
        simulations.clear(robot)
    simulations.step(np.array([1, 3]), 5)
    assert (simulations.positions[[1, 3]] != 0).all()
    assert (simulations.positions[[0, 2]] == 0).all()
    simulations.step(np.array([], dtype=np.intp), 5)


def test_the_number_of_threads_changes_nothing(model: mujoco.MjModel) -> None:
    states = []
    for threads in (1, 2, 64):
        simulations = Simulations(model, 6, threads=threads)
        for robot in range(6):
            simulations.clear(robot)
        simulations.controls[:, 0] = np.arange(6)
        simulations.step(np.arange(6), 50)
        states.append(simulations.state.copy())
    assert np.array_equal(states[0], states[1])
    assert np.array_equal(states[0], states[2])


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e12])
def test_a_simulation_that_blew_up_is_told_and_others_go_on(model: mujoco.MjModel, value: float) -> None:
    simulations = Simulations(model, 3)
    for robot in range(3):
        simulations.clear(robot)
    assert not simulations.broken().any()
    simulations.speeds[1] = value
    simulations.step(np.arange(3), 3)
    assert simulations.broken().tolist() == [False, True, False]
    simulations.clear(1)
    simulations.refresh([1])
    simulations.step(np.arange(3), 3)
    assert not simulations.broken().any()


@pytest.mark.parametrize("task", ["ant", "ball_balance"])
@pytest.mark.parametrize("value", [np.nan, 1e12])
def test_a_robot_that_blew_up_waits_alone_for_its_hard_reset(task: str, value: float, caplog) -> None:
    fleet, calm = make_fleet(task, 3, 0), make_fleet(task, 3, 0)
    still = np.zeros((3, fleet.spaces.action_size), dtype=np.float32)
    active = np.ones(3, dtype=np.bool_)
    fleet._simulations.speeds[1, -1] = value
    with caplog.at_level(logging.WARNING):
        result = fleet.act(still, active)
    calm.act(still, active)
    assert result.violation.tolist() == [False, True, False]
    assert result.reward[1] == 0
    assert "robot 1 blew up" in caplog.text
    assert np.isfinite(fleet.observe()).all()
    assert np.array_equal(fleet.observe()[[0, 2]], calm.observe()[[0, 2]])
    _rests_until_its_hard_reset(fleet, still, active)


def _rests_until_its_hard_reset(fleet: Fleet, still: np.ndarray, active: np.ndarray) -> None:
    before = fleet.observe()[1]
    fleet.reset([1])
    assert fleet.act(still, active).violation.tolist() == [False, True, False]
    assert np.array_equal(fleet.observe()[1], before)
    fleet.hard_reset([1])
    assert not fleet.act(still, active).violation.any()


@pytest.mark.parametrize("task", ["ant", "ball_balance"])
def test_clipped_actions_are_counted(task: str) -> None:
    fleet = make_fleet(task, 3, 0)
    actions = np.zeros((3, fleet.spaces.action_size), dtype=np.float32)
    actions[0, 0], actions[2, 1] = 1.5, -7.0
    fleet.act(actions, np.array([True, True, False]))
    assert fleet.clipped == 1
    fleet.act(actions, np.array([True, True, True]))
    assert fleet.clipped == 3


def test_schematics_show_the_robot_where_it_is() -> None:
    fleet = make_fleet("ball_balance", 2, 0)
    first, second = fleet.schematic(0), fleet.schematic(1)
    assert first.anchor is None
    assert not np.array_equal(first.image, second.image), "the balls are at different places"
    orange = (first.image[..., 0] > 200) & (first.image[..., 2] < 100)
    assert 50 < orange.sum() < 20_000


@pytest.mark.parametrize("place", [(-0.4, 0.2), (0.4, -0.2), (0.0, 0.0)])
def test_a_ball_on_the_tray_is_seen_wherever_it_lies(place: tuple[float, float]) -> None:
    fleet = make_fleet("ball_balance", 1, 0)
    fleet._simulations.positions[0, 13:16] = [*place, 0.67]
    image = fleet.schematic(0).image
    orange = (image[..., 0] > 120) & (image[..., 2] < 100) & (image[..., 0] > 1.5 * image[..., 2])
    assert orange.sum() > 600


def test_bodies_behind_the_camera_are_left_out(model: mujoco.MjModel) -> None:
    seen = draw_robot(model, np.zeros(1), View("arm", distance=2.0, height=0.5)).image
    behind = draw_robot(model, np.zeros(1), View("arm", distance=-2.0, height=0.5)).image
    grey = np.array([128, 128, 128]) * 0.62
    assert (np.abs(seen - grey).max(axis=2) < 2).any()
    assert not (np.abs(behind - grey).max(axis=2) < 2).any()


def test_rotations_agree_with_mujoco() -> None:
    generator = np.random.default_rng(0)
    quaternions = generator.normal(size=(20, 4))
    quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
    vectors = generator.normal(size=(20, 3))
    frame = rotations.axes(quaternions)
    inside = rotations.into_body(vectors, frame)
    for row, quaternion in enumerate(quaternions):
        matrix = np.zeros(9)
        mujoco.mju_quat2Mat(matrix, quaternion)
        assert np.allclose(frame[:, :, row].T, matrix.reshape(3, 3))
        assert np.allclose(inside[row], matrix.reshape(3, 3).T @ vectors[row])


def test_roll_and_yaw_are_those_of_a_body_turned_about_one_axis() -> None:
    angles = np.array([-3.0, -0.5, 0.0, 1.2])
    zero = np.zeros_like(angles)
    about_x = np.stack([np.cos(angles / 2), np.sin(angles / 2), zero, zero], axis=1)
    about_z = np.stack([np.cos(angles / 2), zero, zero, np.sin(angles / 2)], axis=1)
    assert np.allclose(rotations.roll_and_yaw(rotations.axes(about_x)), [angles, zero])
    assert np.allclose(rotations.roll_and_yaw(rotations.axes(about_z)), [zero, angles])
    assert np.allclose(rotations.wrapped(angles + 4 * np.pi), angles)


@pytest.mark.parametrize(
    ("task", "computed"),
    [("ant", "NONE"), ("ball_balance", "NONE"), ("anymal", "POS"), ("franka_cube_stack", "POS")],
)
def test_no_more_is_computed_after_a_step_than_its_fields_need(
    task: str, computed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages: list[int] = []
    step = Batch.step

    def watched(batch: Batch, *args: object, stage: int, **options: object) -> None:
        stages.append(stage)
        step(batch, *args, stage=stage, **options)

    monkeypatch.setattr(Batch, "step", watched)
    fleet = make_fleet(task, 2, 0)
    fleet.act(np.zeros((2, fleet.spaces.action_size), dtype=np.float32), np.ones(2, dtype=np.bool_))
    assert stages == [int(getattr(mujoco.mjtStage, f"mjSTAGE_{computed}"))]
