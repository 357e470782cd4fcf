"""The scripted supervisors of cube stacking: seven phases, two kinds of grasp, and what they achieve."""

import math
from dataclasses import dataclass, field

import numpy as np
import pytest

from robots.fleet import FleetError
from robots.registry import make_fleet, make_supervisors
from robots.supervisors.scripted_franka import (
    ACTION_NOISE,
    Faces,
    Phase,
    ScriptedFranka,
    grasp_yaw,
    lean,
)
from robots.tasks.franka_cube_stack.geometry import rotation
from robots.tasks.franka_cube_stack.task import FrankaCubeStackFleet


@dataclass
class Run:
    """What one kind of supervisor did in an episode of each robot."""

    stacked: np.ndarray
    returns: np.ndarray
    steps: list[int] = field(default_factory=list)
    phases: dict[int, list[Phase]] = field(default_factory=dict)
    turns: dict[int, float] = field(default_factory=dict)
    """Yaw of the hand relative to cube A's when it is lifted [rad]."""


def yaw(quaternion: np.ndarray) -> float:
    axis = rotation(quaternion)[:, 0]
    return math.atan2(axis[1], axis[0])


def drive(fleet: FrankaCubeStackFleet, faces: Faces, steps: int = 500) -> Run:
    supervisor = ScriptedFranka("x", faces, 0)
    over = np.zeros(fleet.size, dtype=np.bool_)
    run = Run(np.zeros(fleet.size, dtype=np.bool_), np.zeros(fleet.size))
    for step in range(steps):
        ids = np.flatnonzero(~over).tolist()
        if not ids:
            break
        for robot, phase in zip(ids, supervisor.phases(fleet, ids), strict=True):
            seen = run.phases.setdefault(robot, [])
            if phase not in seen:
                seen.append(phase)
            if phase is Phase.LIFT and robot not in run.turns:
                a, hand = fleet.cubes()[0][robot, 3:], fleet.hands()[1][robot]
                run.turns[robot] = yaw(hand) - yaw(a)
        actions = np.zeros((fleet.size, 7), dtype=np.float32)
        actions[ids] = supervisor.actions(fleet, ids)
        result = fleet.act(actions, ~over)
        assert not result.violation.any()
        run.returns += result.reward
        run.stacked |= result.success
        run.steps += [step + 1] * int(result.success.sum())
        over |= result.done
    return run


@pytest.fixture(scope="module")
def runs() -> dict[Faces, Run]:
    """50 episodes of each kind, on the same starts."""
    return {faces: drive(FrankaCubeStackFleet(50, 11), faces) for faces in ("first", "second")}


@pytest.mark.slow(4)
def test_both_kinds_stack_in_at_least_95_percent_of_the_episodes(runs: dict[Faces, Run]) -> None:
    for run in runs.values():
        assert run.stacked.mean() >= 0.95
        assert np.mean(run.steps) < 250


def test_they_hold_cube_a_by_different_pairs_of_faces(runs: dict[Faces, Run]) -> None:
    """Zero and a quarter turn to the same cubes: a hand turned by half a turn holds the same faces."""
    for faces, expected in (("first", 0.0), ("second", math.pi / 2)):
        turns = np.array(list(runs[faces].turns.values()))
        off = np.abs((turns - expected + math.pi / 2) % math.pi - math.pi / 2)
        assert len(turns) >= 48
        assert np.percentile(off, 95) < 0.1


def test_every_stack_goes_through_the_seven_phases_in_order(runs: dict[Faces, Run]) -> None:
    carrying = [Phase.DESCEND, Phase.LIFT, Phase.TRANSLATE, Phase.PLACE, Phase.RELEASE]
    for run in runs.values():
        for robot in np.flatnonzero(run.stacked):
            first_seen = run.phases[int(robot)]
            assert [phase for phase in first_seen if phase in carrying] == carrying
        assert all(any(phase in seen for seen in run.phases.values()) for phase in Phase)


def test_where_only_the_turn_is_due_the_two_part() -> None:
    """The hand straight above cube A: one turns it by about the cube's yaw, the other a quarter turn away."""
    fleet = FrankaCubeStackFleet(30, 5)
    drive(fleet, "first", 45)
    first, second = ScriptedFranka("a", "first", 0), ScriptedFranka("b", "second", 0)
    ids = [
        robot
        for robot, phase in enumerate(second.phases(fleet, range(30)))
        if phase is Phase.TURN and first.phases(fleet, [robot])[0] in (Phase.TURN, Phase.DESCEND)
    ]
    assert len(ids) >= 10
    ours, theirs = first.actions(fleet, ids), second.actions(fleet, ids)
    assert np.median(np.abs(ours[:, 5] - theirs[:, 5])) > 0.7
    assert np.median(np.abs(ours[:, :2] - theirs[:, :2])) < 4 * ACTION_NOISE


def test_a_supervisor_takes_over_from_any_state() -> None:
    fleet = FrankaCubeStackFleet(20, 3)
    rng = np.random.default_rng(0)
    for _ in range(40):
        fleet.act(rng.uniform(-1, 1, (20, 7)).astype(np.float32), np.ones(20, dtype=np.bool_))
    assert drive(fleet, "second", 400).stacked.sum() >= 18


def test_a_cube_that_is_dropped_on_the_way_is_grasped_again() -> None:
    fleet = FrankaCubeStackFleet(10, 1)
    drive(fleet, "first", 80)
    opened = np.tile(np.array([0, 0, 0, 0, 0, 0, 1], dtype=np.float32), (10, 1))
    for _ in range(15):
        fleet.act(opened, np.ones(10, dtype=np.bool_))
    assert drive(fleet, "first", 400).stacked.sum() >= 9


def quaternion(axis: tuple[float, float, float], angle: float) -> np.ndarray:
    return np.array([math.cos(angle / 2), *(math.sin(angle / 2) * np.array(axis))])


def times(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    return np.array(
        [
            p[0] * q[0] - p[1:] @ q[1:],
            *(p[0] * q[1:] + q[0] * p[1:] + np.cross(p[1:], q[1:])),
        ]
    )


@pytest.mark.parametrize("degrees", [-44, -10, 0, 30, 44])
@pytest.mark.parametrize("toppled", [0, 90, 180, 270])
def test_the_grasp_is_square_to_the_cube_however_it_lies(degrees: int, toppled: int) -> None:
    lying = times(quaternion((0, 0, 1), math.radians(degrees)), quaternion((1, 0, 0), math.radians(toppled)))
    first, second = (grasp_yaw(np.array([0, 0, 0, *lying]), faces) for faces in ("first", "second"))
    quarter = math.pi / 2
    assert abs((first - math.radians(degrees) + quarter / 2) % quarter - quarter / 2) < 1e-9
    assert abs((first - second) % math.pi - quarter) < 1e-9
    assert -quarter < min(first, second) <= max(first, second) <= quarter


def test_the_hand_leans_only_where_the_elbow_is_folded() -> None:
    assert lean(np.array([0.1, 0.1, 1.15])) == 0
    assert lean(np.array([-0.2, 0.0, 1.05])) == 0
    near = lean(np.array([-0.2, 0.0, 1.16]))
    assert 0 < near < lean(np.array([-0.22, 0.0, 1.16])) < 0.6


def test_seats_alternate_between_the_two_kinds() -> None:
    supervisors = make_supervisors("franka_cube_stack", 10, 0)
    assert [supervisor.faces for supervisor in supervisors] == ["first", "second"] * 5
    assert len({supervisor.name for supervisor in supervisors}) == 10
    with pytest.raises(FleetError, match="faces"):
        ScriptedFranka("x", "third", 0)
    with pytest.raises(FleetError, match="snapshot"):
        supervisors[0].restore(supervisors[1].snapshot())
    assert make_fleet("franka_cube_stack", 1, 0).episode_length == 500
