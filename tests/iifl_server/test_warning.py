"""How warnings are judged: on cases whose answer is known."""

import numpy as np
import pytest

from iifl_server.bench.loop import overlap
from iifl_server.bench.warning import Recording, ahead, auroc, calls_needed, judged


def test_steps_before_a_failure_are_those_within_reach() -> None:
    violations = np.zeros((6, 2), dtype=bool)
    violations[4, 0] = True
    assert ahead(violations, 3)[:, 0].tolist() == [False, False, True, True, True, False]
    assert not ahead(violations, 3)[:, 1].any()
    assert ahead(violations, 50)[:, 0].tolist() == [True] * 5 + [False]


def test_auroc_is_the_chance_that_a_pair_is_in_order() -> None:
    draws = np.random.default_rng(0)
    scores, positive = draws.integers(0, 5, 60).astype(float), draws.random(60) < 0.3
    pairs = scores[positive][:, None] - scores[~positive][None, :]
    assert auroc(scores, positive) == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())
    assert auroc(np.arange(4.0), np.array([False, False, True, True])) == 1.0
    assert np.isnan(auroc(scores, np.zeros(60, dtype=bool)))


def test_calls_count_what_a_threshold_costs_that_announces_nine_of_ten() -> None:
    violations = np.zeros((100, 10), dtype=bool)
    violations[50] = True  # Every robot fails once.
    scores = np.zeros((100, 10))
    scores[45, :9] = 1.0  # Nine are announced five steps before.
    assert calls_needed(scores, violations) == pytest.approx(9 / 1000)
    scores[45, 8] = 0.0  # Eight are not enough: now everything has to call.
    assert calls_needed(scores, violations) == 1.0
    assert np.isnan(calls_needed(scores, np.zeros_like(violations)))


def test_a_measure_sees_what_was_recorded_and_the_fork_is_told_apart() -> None:
    observations = np.zeros((3, 2, 2), dtype=np.float32)
    observations[1, 0] = (4, 6)
    recording = Recording(observations, np.zeros((3, 2), dtype=bool))
    figures = judged(lambda seen: seen.sum(axis=1).astype(float), recording, "navigation")
    assert figures["above_at_fork"] == pytest.approx(5 / 6)
    assert figures["failures"] == 0


def test_the_first_ten_are_compared_as_a_set() -> None:
    one = np.arange(100.0)
    assert overlap(one, one**2) == 1.0
    assert overlap(one, -one) == 0.0
