"""How warnings are judged: on cases whose answer is known."""

import numpy as np
import pytest

from iifl_server.bench import warning
from iifl_server.bench.loop import overlap
from iifl_server.bench.warning import Recording, Rows, ahead, auroc, calls_needed, judged


def test_steps_before_a_failure_are_those_within_reach() -> None:
    violations = np.zeros((6, 2), dtype=bool)
    violations[4, 0] = True
    assert ahead(violations, 3)[:, 0].tolist() == [False, False, True, True, True, False]
    assert not ahead(violations, 3)[:, 1].any()
    assert ahead(violations, 50)[:, 0].tolist() == [True] * 5 + [False]


def test_auroc_is_the_chance_that_a_pair_is_in_order_and_weights_are_copies() -> None:
    draws = np.random.default_rng(0)
    scores, positive = draws.integers(0, 5, 60).astype(float), draws.random(60) < 0.3
    weights = draws.integers(1, 4, 60)
    every, which = np.repeat(scores, weights), np.repeat(positive, weights)
    pairs = every[which][:, None] - every[~which][None, :]
    expected = ((pairs > 0) + 0.5 * (pairs == 0)).mean()
    assert auroc(scores, positive, weights.astype(float)) == pytest.approx(expected)
    ones = np.ones(4)
    assert auroc(np.arange(4.0), np.array([False, False, True, True]), ones) == 1.0
    assert np.isnan(auroc(np.arange(4.0), np.zeros(4, dtype=bool), ones))


def recorded(violations: np.ndarray) -> Recording:
    """Every robot-step can be told by its state: (step, robot)."""
    steps, robots = violations.shape
    grid = np.stack(np.meshgrid(np.arange(steps), np.arange(robots), indexing="ij"), axis=-1)
    return Recording(grid.astype(np.float32), violations)


def test_rows_hold_all_steps_before_failures_and_others_that_stand_for_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    violations = np.zeros((200, 10), dtype=bool)
    violations[100, 3] = violations[10, 4] = True
    rows = Rows.of(recorded(violations), seed=0, others=50)
    assert rows.weights.sum() == pytest.approx(violations.size)
    assert {within: int(coming.sum()) for within, coming in rows.coming.items()} == {5: 10, 20: 31, 50: 61}
    assert [rows.states[places[-1]].tolist() for places in rows.announced] == [[10.0, 4.0], [100.0, 3.0]]
    assert [len(places) for places in rows.announced] == [11, 20]
    whole = Rows.of(recorded(violations), seed=0, others=10_000)
    assert (whole.weights == 1.0).all()
    monkeypatch.setattr(warning, "MOST_FAILURES", 1)
    one = Rows.of(recorded(violations), seed=0, others=50)
    assert len(one.announced) == 1
    assert one.failures == 2
    assert one.weights.sum() == pytest.approx(violations.size)


def test_calls_count_what_a_threshold_costs_that_announces_nine_of_ten() -> None:
    violations = np.zeros((100, 10), dtype=bool)
    violations[50] = True  # Every robot fails once.
    rows = Rows.of(recorded(violations), seed=0)
    step, robot = rows.states.T
    nine = ((step == 45) & (robot < 9)).astype(float)  # Announced five steps before.
    assert calls_needed(nine, rows) == pytest.approx(9 / 1000)
    eight = ((step == 45) & (robot < 8)).astype(float)
    assert calls_needed(eight, rows) == 1.0  # Eight are not enough: now everything has to call.
    assert np.isnan(calls_needed(nine, Rows.of(recorded(np.zeros_like(violations)), seed=0)))


def test_a_measure_sees_what_was_recorded_and_the_fork_is_told_apart() -> None:
    observations = np.zeros((3, 2, 2), dtype=np.float32)
    observations[1, 0] = (4, 6)
    rows = Rows.of(Recording(observations, np.zeros((3, 2), dtype=bool)), seed=0)
    figures = judged(lambda seen: seen.sum(axis=1).astype(float), rows, "navigation")
    assert figures["above_at_fork"] == pytest.approx(5 / 6)
    assert figures["failures"] == 0


def test_the_first_ten_are_compared_as_a_set() -> None:
    one = np.arange(100.0)
    assert overlap(one, one**2) == 1.0
    assert overlap(one, -one) == 0.0
