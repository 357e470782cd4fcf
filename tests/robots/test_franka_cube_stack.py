"""The arm, the cubes and the judging of stacks."""

import logging

import numpy as np
import pytest

from robots.fleet import StepResult
from robots.tasks.franka_cube_stack import stacking
from robots.tasks.franka_cube_stack.control import REST, TORQUE_LIMITS
from robots.tasks.franka_cube_stack.geometry import rotation
from robots.tasks.franka_cube_stack.scene import Scene, model
from robots.tasks.franka_cube_stack.stacking import SIZE_A, SIZE_B, TABLE_TOP, judge
from robots.tasks.franka_cube_stack.task import EPISODE_LENGTH, FrankaCubeStackFleet

STEP_S = 1 / 60
OPEN = 6
"""Index of the fingers' action."""


def act(fleet: FrankaCubeStackFleet, action: np.ndarray | list[float], steps: int = 1) -> StepResult:
    """The same action on every robot."""
    actions = np.tile(np.array(action, dtype=np.float32), (fleet.size, 1))
    for _ in range(steps):
        result = fleet.act(actions, np.ones(fleet.size, dtype=np.bool_))
    return result


def still(opening: float = 1.0) -> list[float]:
    return [0.0] * 6 + [opening]


def poke(fleet: FrankaCubeStackFleet, robot: int, **fields: float) -> None:
    """Write into one robot's simulation, as nothing else may."""
    for name, value in fields.items():
        getattr(fleet._scene.simulations, name)[robot, -1] = value


def test_cubes_start_on_the_table_apart_and_within_reach() -> None:
    a, b = FrankaCubeStackFleet(300, 0).cubes()
    assert np.allclose(a[:, 2], TABLE_TOP + SIZE_A / 2)
    assert np.allclose(b[:, 2], TABLE_TOP + SIZE_B / 2)
    for cube in (a, b):
        assert 0.24 < np.abs(cube[:, :2]).max() <= 0.25
        yaw = 2 * np.arctan2(cube[:, 6], cube[:, 3])
        assert 0.75 < np.abs(yaw).max() <= 0.785
        assert np.abs(yaw.mean()) < 0.1
    apart = np.linalg.norm((a - b)[:, :2], axis=1)
    assert apart.min() >= (SIZE_A + SIZE_B) * np.sqrt(2)


def test_arms_start_near_their_rest_with_the_hand_pointing_down() -> None:
    fleet = FrankaCubeStackFleet(300, 0)
    angles = fleet._scene.angles()
    assert 0.24 < np.abs(angles - REST).max() <= 0.25
    grip, hand = fleet.hands()
    assert np.allclose(grip.mean(axis=0), [-0.01, 0.0, 1.22], atol=0.03)  # As in published demonstrations.
    assert np.mean([rotation(quaternion)[2, 2] for quaternion in hand]) < -0.85


def test_a_fleet_that_is_let_alone_stays_where_it_is() -> None:
    fleet = FrankaCubeStackFleet(5, 0)
    a, b = fleet.cubes()
    grip, _ = fleet.hands()
    act(fleet, still(), 60)
    after_a, after_b = fleet.cubes()
    assert np.abs(after_a - a).max() < 2e-3
    assert np.abs(after_b - b).max() < 2e-3
    assert np.abs(fleet.hands()[0] - grip).max() < 0.01


@pytest.mark.parametrize("axis", range(3))
def test_a_translation_moves_the_hand_along_that_axis_alone(axis: int) -> None:
    fleet = FrankaCubeStackFleet(8, 2)
    before, _ = fleet.hands()
    action = still()
    action[axis] = 0.5
    act(fleet, action, 15)
    moved = fleet.hands()[0] - before
    assert (moved[:, axis] > 0.04).all()
    assert (moved[:, axis] < 0.09).all()
    assert np.abs(np.delete(moved, axis, axis=1)).max() < 0.012


def test_a_rotation_turns_the_hand_about_that_axis() -> None:
    fleet = FrankaCubeStackFleet(8, 2)
    grip, before = fleet.hands()
    action = still()
    action[5] = 0.5
    act(fleet, action, 15)
    turns = [rotation(now) @ rotation(was).T for now, was in zip(fleet.hands()[1], before, strict=True)]
    yaws = np.array([np.arctan2(turn[1, 0], turn[0, 0]) for turn in turns])
    assert (yaws > 0.15).all()
    assert all(turn[2, 2] > 0.995 for turn in turns)
    assert np.abs(fleet.hands()[0] - grip).max() < 0.02


def test_torques_keep_to_their_limits_and_the_joints_to_theirs() -> None:
    fleet = FrankaCubeStackFleet(10, 0)
    ranges = model().jnt_range[2:9]
    give = 0.05  # Of the joints' stops [rad].
    rng = np.random.default_rng(0)
    used = np.zeros(7)
    for _ in range(60):
        fleet.act(np.sign(rng.uniform(-1, 1, (10, 7))).astype(np.float32), np.ones(10, dtype=np.bool_))
        used = np.maximum(used, np.abs(fleet._scene.simulations.controls[:, :7]).max(axis=0))
        angles = fleet._scene.angles()
        assert (angles > ranges[:, 0] - give).all()
        assert (angles < ranges[:, 1] + give).all()
    assert (used <= TORQUE_LIMITS).all()
    assert (used > 1).all()


def test_the_fingers_open_and_close_by_sign() -> None:
    fleet = FrankaCubeStackFleet(2, 0)
    act(fleet, still(0.0), 30)
    assert np.allclose(fleet.fingers(), 0.04, atol=1e-3)
    act(fleet, still(-0.01), 60)
    assert np.allclose(fleet.fingers(), 0.0, atol=1e-3)


def test_observations_are_laid_out_as_in_the_published_task() -> None:
    fleet = FrankaCubeStackFleet(4, 0)
    act(fleet, [0.5, 0.2, -0.3, 0.1, -0.2, 0.4, -1.0], 10)
    seen = fleet.observe()
    (a, b), (grip, hand) = fleet.cubes(), fleet.hands()
    assert np.allclose(seen[:, 0:4], a[:, [4, 5, 6, 3]], atol=1e-6)
    assert np.allclose(seen[:, 4:7], a[:, :3], atol=1e-6)
    assert np.allclose(seen[:, 7:10], (b - a)[:, :3], atol=1e-6)
    assert np.allclose(seen[:, 10:13], grip, atol=1e-6)
    assert np.allclose(seen[:, 13:17], hand[:, [1, 2, 3, 0]], atol=1e-6)
    assert np.allclose(seen[:, 17:19], fleet.fingers(), atol=1e-6)
    assert np.abs(seen[:, 13]).min() > 0.7  # A hand that points down: x leads its quaternion.
    for names, columns in (((0, 1, 2, 3), seen[:, 0:4]), ((13, 14, 15, 16), seen[:, 13:17])):
        assert np.allclose(np.linalg.norm(columns, axis=1), 1, atol=1e-5), names


def at(*point: float) -> np.ndarray:
    return np.array([point])


ON_B = (0.0, 0.0, TABLE_TOP + SIZE_B + SIZE_A / 2)
B = (0.0, 0.0, TABLE_TOP + SIZE_B / 2)


def judged(a: tuple[float, ...], hand_up: float) -> tuple[float, bool]:
    hand = (a[0], a[1], a[2] + hand_up)
    result = judge(at(*a), at(*B), at(*hand), at(*hand), at(*hand))
    return float(result.reward[0]), bool(result.stacked[0])


def test_a_stack_is_a_on_b_with_the_hand_away() -> None:
    assert judged(ON_B, 0.05) == (16.0, True)
    assert not judged(ON_B, 0.03)[1]
    assert judged((0.013, 0.013, ON_B[2]), 0.05)[1]
    assert not judged((0.02, 0.0, ON_B[2]), 0.05)[1]
    assert not judged((0.0, 0.0, ON_B[2] + 0.021), 0.05)[1]
    assert not judged((0.0, 0.0, TABLE_TOP + SIZE_A / 2), 0.05)[1]


def test_reward_grows_from_reaching_to_lifting_to_aligning() -> None:
    lying = (0.2, 0.2, TABLE_TOP + SIZE_A / 2)
    far, near = judged(lying, 0.3)[0], judged(lying, 0.0)[0]
    lifted = judged((0.2, 0.2, TABLE_TOP + SIZE_A + 0.041), 0.0)[0]
    over = judged((0.0, 0.0, ON_B[2] + 0.02), 0.0)[0]
    assert 0 < far < 0.01 < near == pytest.approx(0.1)
    assert 1.6 < lifted < 1.8
    assert 3.0 < over < 3.6 < stacking.STACK_REWARD


def test_a_time_out_is_no_violation() -> None:
    fleet = FrankaCubeStackFleet(1, 0)
    taken = dict(fleet.snapshot())
    fleet.restore(taken | {"steps": np.array([EPISODE_LENGTH - 2])})
    assert not act(fleet, still()).done[0]
    last = act(fleet, still())
    assert last.done[0]
    assert not last.success[0]
    assert not last.violation[0]


@pytest.mark.parametrize("field", ["speeds", "positions"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e12])
def test_a_simulation_that_blows_up_is_that_robots_violation_alone(
    field: str, value: float, caplog: pytest.LogCaptureFixture
) -> None:
    fleet, reference = FrankaCubeStackFleet(3, 0), FrankaCubeStackFleet(3, 0)
    for each in (fleet, reference):
        act(each, still(), 3)
    poke(fleet, 1, **{field: value})
    with caplog.at_level(logging.WARNING):
        result = act(fleet, still())
    assert "robot 1 blew up" in caplog.text
    act(reference, still())
    assert result.violation.tolist() == [False, True, False]
    assert result.reward[1] == 0
    assert not result.done.any()
    assert np.isfinite(fleet.observe()).all()
    assert np.array_equal(fleet.observe()[[0, 2]], reference.observe()[[0, 2]])
    fleet.reset([1])
    held = fleet.observe()[1]
    assert act(fleet, [1.0] * 7, 2).violation.tolist() == [False, True, False]
    assert np.array_equal(fleet.observe()[1], held)
    fleet.restore(fleet.snapshot())
    fleet.hard_reset([1])
    assert not act(fleet, [1.0] * 7, 2).violation.any()
    assert not np.array_equal(fleet.observe()[1], held)


def test_the_number_of_threads_changes_nothing() -> None:
    states = []
    for threads in (1, 2):
        scene = Scene(6, threads)
        rng = np.random.default_rng(0)
        for robot in range(6):
            a, b = stacking.draw_cubes(rng)
            scene.simulations.clear(robot)
            scene.place(robot, a, b, REST, 0.035)
        scene.simulations.refresh()
        for _ in range(20):
            scene.step(np.arange(6), rng.uniform(-1, 1, (6, 7)))
        states.append(scene.simulations.state.copy())
    assert np.array_equal(*states)


def test_schematics_show_both_cubes_and_what_moves() -> None:
    fleet = FrankaCubeStackFleet(2, 0)
    first = fleet.schematic(0).image
    for colour in ((226, 96, 84), (92, 190, 122), (238, 190, 92)):
        assert (first == colour).all(axis=2).sum() > 100
    assert not np.array_equal(first, fleet.schematic(1).image)
    act(fleet, [0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 1.0], 10)
    assert not np.array_equal(first, fleet.schematic(0).image)
