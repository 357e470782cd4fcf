"""The scripted supervisors: which way they go, how they push, and what they achieve."""

import math

import numpy as np
import pytest

from robots.fleet import FleetError
from robots.supervisors.scripted_block_push import (
    ACTION_NOISE,
    INFLATED_HALF,
    ScriptedBlockPush,
    intended_push,
)
from robots.tasks.block_push.geometry import FULL_PUSH, on_ring, opposite
from robots.tasks.block_push.task import BlockPushFleet


def turning(position: np.ndarray, push: np.ndarray) -> float:
    """Above zero when a push leads counter-clockwise round the obstacle."""
    return float(position[0] * push[1] - position[1] * push[0])


@pytest.mark.parametrize("degrees", range(0, 360, 15))
def test_where_both_ways_are_equal_each_goes_its_own(degrees: int) -> None:
    position = on_ring(math.radians(degrees))
    goal = opposite(position)
    assert turning(position, intended_push(position, goal, "clockwise")) < 0
    assert turning(position, intended_push(position, goal, "counterclockwise")) > 0


def test_where_one_way_is_shorter_both_take_it() -> None:
    goal = np.array([0.0, 0.125])
    for position, sign in ((np.array([0.125, 0.05]), 1), (np.array([-0.125, 0.05]), -1)):
        first = intended_push(position, goal, "clockwise")
        second = intended_push(position, goal, "counterclockwise")
        assert np.array_equal(first, second)
        assert np.sign(turning(position, first)) == sign


def test_the_tie_ends_where_the_lengths_differ_by_its_width() -> None:
    """Sliding the cube along a side makes one way longer by twice the slide."""
    goal = np.array([-0.15, 0.0])
    for longer_by, own in ((0.01, True), (0.04, False)):
        position = np.array([0.15, longer_by / 2])
        against = intended_push(position, goal, "clockwise")  # The longer way: downwards.
        assert (turning(position, against) < 0) == own


def test_pushes_are_straight_to_the_corner_and_at_most_full() -> None:
    far = np.array([0.125, -0.05])
    push = intended_push(far, np.array([-0.125, 0.05]), "counterclockwise")
    corner = np.array([INFLATED_HALF, INFLATED_HALF])
    assert np.hypot(*push) == pytest.approx(1.0)
    assert push / np.hypot(*push) == pytest.approx((corner - far) / np.hypot(*(corner - far)))


def test_the_last_push_is_what_remains_to_the_goal() -> None:
    push = intended_push(np.array([0.12, 0.1]), np.array([0.1, 0.13]), "clockwise")
    assert push * FULL_PUSH == pytest.approx([-0.02, 0.03])


def test_right_before_a_corner_no_push_creeps() -> None:
    goal = np.array([-0.125, 0.0])
    for short in (0.0005, 0.002, 0.01):
        position = np.array([INFLATED_HALF + 0.001, INFLATED_HALF - short])
        push = intended_push(position, goal, "counterclockwise")
        assert np.hypot(*push) > 0.7
        assert push[0] < 0


def test_noise_is_gaussian_with_the_fixed_spread() -> None:
    fleet = BlockPushFleet(1, 0)
    supervisor = ScriptedBlockPush("noisy", "clockwise", 0)
    clean = intended_push(fleet.poses()[0, :2], fleet.goals()[0], "clockwise")
    noise = np.array([supervisor.actions(fleet, [0])[0] for _ in range(1500)]) - clean
    inner = np.abs(clean) < 0.6  # A component near the bound is clipped on one side.
    assert inner.any()
    assert noise[:, inner].std() == pytest.approx(ACTION_NOISE, rel=0.06)
    assert abs(noise[:, inner].mean()) < 0.01


def test_it_refuses_unknown_directions_and_robots() -> None:
    with pytest.raises(FleetError, match="clockwise, counterclockwise"):
        ScriptedBlockPush("lost", "left", 0)  # type: ignore[arg-type]
    with pytest.raises(FleetError, match="no robot 4"):
        ScriptedBlockPush("lost", "clockwise", 0).actions(BlockPushFleet(4, 0), [4])


@pytest.mark.parametrize("direction", ["clockwise", "counterclockwise"])
def test_alone_it_reaches_many_goals_and_hardly_ever_breaks_a_constraint(direction: str) -> None:
    goals, violations = 0, 0
    for seed in range(2):
        fleet = BlockPushFleet(4, seed)
        supervisor = ScriptedBlockPush("alone", direction, seed)  # type: ignore[arg-type]
        for _ in range(150):
            result = fleet.act(supervisor.actions(fleet, range(4)), np.ones(4, dtype=np.bool_))
            goals += int(result.success.sum())
            violations += int(result.violation.sum())
            fleet.reset(np.flatnonzero(result.done).tolist())
            fleet.hard_reset(np.flatnonzero(result.violation).tolist())
    assert goals >= 2 * 70
    assert violations <= 2 * 3


def test_the_two_leave_a_fresh_start_on_opposite_sides() -> None:
    """Heterogeneous demonstrations: their average points at the obstacle, which makes the task hard."""
    fleet = BlockPushFleet(200, 0)
    poses, goals = fleet.poses(), fleet.goals()
    pushes = np.array(
        [
            [intended_push(pose[:2], goal, way) for way in ("clockwise", "counterclockwise")]
            for pose, goal in zip(poses, goals, strict=True)
        ]
    )
    mean = pushes.mean(axis=1)
    inwards = -(mean * poses[:, :2]).sum(axis=1) / np.hypot(*poses[:, :2].T)
    assert (inwards > 0).all()
    assert np.hypot(*mean.T).max() < 0.8
