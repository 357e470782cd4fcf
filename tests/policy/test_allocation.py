"""Priorities and assignment: Eq. 2's constraints and the order of service."""

import numpy as np
import pytest

from policy.allocation import assign, constraint, random_help, uncertainty_constraint
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
