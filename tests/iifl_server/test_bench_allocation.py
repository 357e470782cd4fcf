"""`./iifl bench allocation`: both arms agree in every step, and the figures are those that are promised."""

import numpy as np
import pytest

from iifl_server.bench import allocation
from iifl_server.bench.allocation import measure, plain_assignment, plain_priorities
from iifl_server.bench.common import Options
from policy import InputError
from policy.allocation import assign, uncertainty_constraint


def test_the_figures_of_a_small_run_have_the_promised_names() -> None:
    lines: list[str] = []
    figures = allocation.run(Options(scale="smoke", repeats=1), lines.append)
    assert set(figures["sizes"]) == {"100", "1000"}
    for row in figures["sizes"].values():
        assert row["ratio"] == pytest.approx(row["baseline_s"] / row["ours_s"])
    assert figures["ratio"] == figures["sizes"]["1000"]["ratio"]
    assert any("priorities are" in line for line in lines)


def test_a_disagreement_between_the_two_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocation, "assign", lambda priorities, *_: np.full(len(priorities), -1))
    with pytest.raises(AssertionError, match="differ"):
        measure(1_000, Options(repeats=1), lambda _: None)


def test_the_plain_method_serves_the_most_urgent_and_keeps_who_is_locked() -> None:
    priorities = plain_priorities([0.1, 5.0, 9.0, 2.0], [False] * 4, [-1] * 4, 1.0)
    assert priorities == [0.0, 6.0, 10.0, 3.0]
    assert plain_assignment(priorities, [0, -1, -1, -1], [True, False, False, False], [True, True]) == [
        0,
        -1,
        1,
        -1,
    ]


@pytest.mark.parametrize("seed", range(40))
def test_both_serve_the_same_robots_whatever_the_ties_pauses_locks_and_numbers_of_callers(seed: int) -> None:
    draws = np.random.default_rng(seed)
    robots, supervisors = int(draws.integers(1, 60)), int(draws.integers(0, 12))
    levels = np.array([0.3, 0.5, 1.0, 1.5, 2.0, np.inf])[
        : draws.integers(1, 7)
    ]  # few of them: many are equal
    threshold = float(draws.choice([0.0, 0.5, 1.0]))
    current = np.full(robots, -1, dtype=np.int64)
    for _ in range(15):
        uncertainty, violated = draws.choice(levels, robots), draws.random(robots) < 0.2
        waiting, locked = draws.integers(-1, 3, robots), draws.random(robots) < draws.random()
        available = draws.random(supervisors) < draws.choice([0.0, 0.5, 0.9, 1.0])
        priorities = uncertainty_constraint(uncertainty, threshold, violated, waiting)
        wanted = plain_priorities(uncertainty.tolist(), violated.tolist(), waiting.tolist(), threshold)
        assert priorities.tolist() == np.minimum(wanted, 1e299).tolist()
        following = assign(priorities, current, locked, available)
        assert following.tolist() == plain_assignment(
            priorities.tolist(), current.tolist(), locked.tolist(), available.tolist()
        )
        current = following


@pytest.mark.parametrize("wrong", [np.nan, -1.0, -np.inf])
def test_a_wrong_priority_is_refused_whether_its_robot_calls_waits_or_has_a_supervisor(wrong: float) -> None:
    current, available = np.array([0, 1, -1, -1]), np.array([True, False])
    for robot in range(4):
        priorities = np.array([2.0, 0.0, 1.0, 3.0])
        priorities[robot] = wrong
        for locked in (np.zeros(4, dtype=bool), np.ones(4, dtype=bool)):
            with pytest.raises(InputError, match=f"priority of robot {robot} is {wrong}"):
                assign(priorities, current, locked, available)
