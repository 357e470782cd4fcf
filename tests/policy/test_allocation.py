"""Priorities and assignment: Eq. 2's constraints and the order of service."""

import numpy as np
import pytest

from policy.allocation import (
    assign,
    constraint,
    constraint_uncertainty,
    constraint_uncertainty_risk,
    random_help,
    uncertainty_constraint,
)
from policy.errors import InputError


def test_unsure_robots_come_before_hard_resets_and_calm_robots_need_nobody() -> None:
    priorities = uncertainty_constraint(
        np.array([0.5, 3.0, 9.0, 2.0]),
        threshold=1.0,
        violated=np.array([False, True, False, False]),
        waiting=np.array([-1, 4, -1, -1]),
    )
    assert list(np.argsort(-priorities)[:3]) == [2, 3, 1]
    assert priorities[0] == 0


def test_uncertainty_of_a_robot_in_violation_does_not_count() -> None:
    priorities = uncertainty_constraint(
        np.array([100.0, 2.0]), 1.0, violated=np.array([True, False]), waiting=np.array([50, -1])
    )
    assert 0 < priorities[0] < 1 < priorities[1]


def test_longest_waiting_hard_reset_is_served_first() -> None:
    priorities = constraint(np.array([True, True, False]), np.array([2, 7, -1]))
    assert priorities[1] > priorities[0] > priorities[2] == 0


def test_random_help_calls_as_often_as_asked() -> None:
    calm = np.zeros(10_000, dtype=bool)
    waiting = np.full(10_000, -1)
    share = (random_help(np.random.default_rng(0), 0.2, calm, waiting) > 0).mean()
    assert share == pytest.approx(0.2, abs=0.02)


def test_constraints_come_before_any_uncertainty_where_they_lead() -> None:
    uncertainty = np.array([1e200, np.inf, 0.0, 0.5, 7.0])
    violated, waiting = np.array([False, False, True, True, False]), np.array([-1, -1, 3, 8, -1])
    priorities = constraint_uncertainty(uncertainty, 1.0, violated, waiting)
    assert np.argsort(-priorities).tolist() == [3, 2, 1, 0, 4]
    assert np.isfinite(priorities).all()


def test_risk_decides_only_among_robots_that_are_neither_stuck_nor_unsure() -> None:
    priorities = constraint_uncertainty_risk(
        uncertainty=np.array([0.1, 0.2, 0.3, 0.3, 0.0]),
        threshold=0.25,
        risk=np.array([0.6, 0.9, 0.0, 1.0, 0.4]),
        risk_threshold=0.5,
        violated=np.array([False, False, False, True, False]),
        waiting=np.array([-1, -1, -1, 0, -1]),
    )
    assert np.argsort(-priorities).tolist() == [3, 2, 1, 0, 4]
    assert priorities[4] == 0


def test_at_a_threshold_of_zero_every_robot_calls_the_most_uncertain_first() -> None:
    calm, waiting = np.zeros(4, dtype=bool), np.full(4, -1)
    priorities = uncertainty_constraint(np.array([0.0, 3.0, -0.2, 1e-6]), 0.0, calm, waiting)
    assert (priorities > 0).all()
    assert np.argsort(-priorities, kind="stable").tolist() == [1, 3, 0, 2]
    assert (uncertainty_constraint(np.zeros(4), 1e-9, calm, waiting) == 0).all()


@pytest.mark.parametrize("seed", range(8))
def test_the_numbers_of_robots_change_nothing_but_ties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    robots, supervisors = 60, 9
    current = np.full(robots, -1)
    current[rng.permutation(robots)[:6]] = rng.permutation(supervisors)[:6]
    priorities = np.where(rng.random(robots) < 0.5, rng.random(robots) + 0.1, 0.0)  # no two are equal
    locked, available = rng.random(robots) < 0.5, rng.random(supervisors) < 0.8
    order = rng.permutation(robots)
    straight = assign(priorities, current, locked, available)
    assert (assign(priorities[order], current[order], locked[order], available) == straight[order]).all()


def test_ties_at_the_edge_go_to_the_lowest_robot_numbers() -> None:
    priorities = np.array([1.0, 2.0, 2.0, 3.0, 2.0])
    assigned = assign(priorities, np.full(5, -1), np.zeros(5, bool), np.ones(3, bool))
    assert assigned.tolist() == [-1, 1, 2, 0, -1]


def test_nobody_is_assigned_where_there_are_no_supervisors() -> None:
    assigned = assign(np.ones(3), np.full(3, -1), np.zeros(3, bool), np.zeros(0, bool))
    assert assigned.tolist() == [-1, -1, -1]


@pytest.mark.parametrize(
    ("priorities", "current", "words"),
    [
        ([0.0, np.nan, 1.0], [-1, -1, -1], "priority of robot 1 is nan"),
        ([0.0, 1.0, -2.0], [-1, -1, -1], "priority of robot 2 is -2.0"),
        ([0.0, 1.0, 2.0], [-1, 2, -1], "names supervisor 2; valid is -1 to 1"),
        ([0.0, 1.0, 2.0], [1, 0, 1], r"supervisor 1 the robots \[0, 2\]"),
    ],
)
def test_what_cannot_be_assigned_is_named(priorities: list[float], current: list[int], words: str) -> None:
    with pytest.raises(InputError, match=words):
        assign(np.array(priorities), np.array(current), np.zeros(3, bool), np.ones(2, bool))


@pytest.mark.parametrize("seed", range(20))
def test_nobody_helps_two_robots_and_no_robot_has_two_supervisors(seed: int) -> None:
    rng = np.random.default_rng(seed)
    robots, supervisors = int(rng.integers(1, 40)), int(rng.integers(1, 12))
    current = np.full(robots, -1)
    available = rng.random(supervisors) < 0.8
    for _ in range(30):
        priorities = np.where(rng.random(robots) < 0.4, rng.random(robots) + 0.1, 0.0)
        locked = rng.random(robots) < 0.3
        before = current
        current = assign(priorities, current, locked, available)
        helped = current[current >= 0]
        assert len(set(helped.tolist())) == len(helped)
        assert available[helped].all()
        kept = locked & (before >= 0) & available[before]
        assert (current[kept] == before[kept]).all()
        capacity = int(available.sum()) - int(kept.sum())
        callers = (priorities > 0) & ~kept
        assert ((current >= 0) & ~kept).sum() == min(capacity, callers.sum())
        served = priorities[callers & (current >= 0)]
        unserved = priorities[callers & (current < 0)]
        if len(served) and len(unserved):
            assert served.min() >= unserved.max()
        available = rng.random(supervisors) < 0.8


def test_a_robot_that_stays_urgent_keeps_its_supervisor() -> None:
    current = np.array([1, -1, 0])
    assigned = assign(np.array([2.0, 9.0, 3.0]), current, np.zeros(3, bool), np.ones(3, bool))
    assert assigned.tolist() == [1, 2, 0]


def test_shapes_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(InputError, match=r"\(2,\)"):
        assign(np.zeros(3), np.zeros(2, dtype=np.int64), np.zeros(3, bool), np.ones(1, bool))
