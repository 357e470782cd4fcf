"""Every figure of a run against a calculation by hand, and intervals that cover what they say."""

import math

import numpy as np
import pytest
from scipy import stats

from policy.errors import InputError
from policy.metrics import Totals, average_reward, bootstrap_interval, rohe, rohe_released
from policy.supervision import Mode, SupervisionConfig, SupervisionState, advance, allocate, order


def test_figures_of_a_run_step_by_step_are_those_reckoned_by_hand() -> None:
    """Two robots, one supervisor, t_T = 2, t_R = 2.

    step 1: robot 0 is unsure and teleoperated; robot 1 earns 1 and reaches its goal on its own.
    step 2: robot 0 is teleoperated and reaches its goal; robot 1 breaks a constraint.
    steps 3, 4: robot 1 is reset; robot 0 earns 1 in each, on its own.
    step 5: robot 1 reaches its goal on its own.
    """
    setup = SupervisionConfig(
        robots=2,
        supervisors=1,
        uncertainty_threshold=1.0,
        minimum_intervention_steps=2,
        hard_reset_steps=2,
        retrain_every=0,
        episode_length=10,
    )
    script = [  # uncertainty, reward, success, violation
        ([5, 0], [0, 1], [0, 1], [0, 0]),
        ([0, 0], [1, 0], [1, 0], [0, 1]),
        ([0, 0], [1, 0], [0, 0], [0, 0]),
        ([0, 0], [1, 0], [0, 0], [0, 0]),
        ([0, 0], [0, 1], [0, 1], [0, 0]),
    ]
    rows = []
    state = SupervisionState.initial(setup)
    for uncertainty, reward, success, violation in script:
        middle = allocate(setup, state, uncertainty, [True]).state
        modes = middle.modes()
        help_ = {i: np.zeros(2, np.float32) for i in range(2) if modes[i] is Mode.TELEOPERATED}
        resets = [i for i in range(2) if modes[i] is Mode.RESETTING]
        orders = order(setup, middle, np.zeros((2, 2), np.float32), help_, resets)
        ended = np.array(success, dtype=bool)
        broken = np.array(violation, dtype=bool)
        state = advance(
            setup, middle, orders, np.array(reward, np.float32), ended | broken, broken, ended
        ).state
        rows.append(state.metrics(setup))
    by_hand = {
        "reward_total": [1, 2, 3, 4, 5],
        "successes": [1, 2, 2, 2, 3],
        "autonomous_successes": [1, 1, 1, 1, 2],
        "violations": [0, 1, 1, 1, 1],
        "hard_resets": [0, 0, 0, 1, 1],
        "calls": [1, 1, 2, 2, 2],
        "human_actions": [1, 2, 3, 4, 4],
        "teleoperation_actions": [1, 2, 2, 2, 2],
        "interventions": [1, 2, 2, 2, 2],
        "idle_robot_steps": [0, 0, 1, 2, 2],
        "motions": [2, 4, 5, 6, 8],
        "switches": [1, 1, 2, 2, 2],
        "average_reward": [10 / 2, 20 / 4, 30 / 6, 40 / 8, 50 / 10],
        "idle_share": [0, 0, 1 / 6, 2 / 8, 2 / 10],
        "rohe": [0.5 * 0.5 / 2, 0.5 * 1 / 3, 0.5 * 1.5 / 4, 0.5 * 2 / 5, 0.5 * 2.5 / 5],
        "rohe_released": [1 / 2, 2 / 3, 3 / 4, 4 / 5, 5 / 5],
    }
    assert set(rows[0]) == set(by_hand)
    for name, column in by_hand.items():
        assert [row[name] for row in rows] == pytest.approx(column), name


def test_a_run_that_nobody_helped_has_no_division_by_zero() -> None:
    totals = Totals(reward_total=6.0)
    assert rohe(totals, robots=3, supervisors=0) == 0.0
    assert rohe_released(totals) == 6.0
    assert average_reward(totals, robots=3, steps=0, episode_length=50) == 0.0


def test_the_interval_is_that_of_the_reference_implementation() -> None:
    values = np.random.default_rng(4).exponential(size=25)
    reference = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    width = reference.high - reference.low
    low, high = bootstrap_interval(values.tolist(), resamples=20_000)
    assert abs(low - reference.low) < 0.03 * width
    assert abs(high - reference.high) < 0.03 * width


def test_an_interval_covers_the_mean_about_as_often_as_it_says() -> None:
    draws = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        low, high = bootstrap_interval(draws.normal(1.0, 2.0, 40).tolist(), level=0.9, resamples=400)
        covered += low <= 1.0 <= high
    assert 0.85 < covered / 400 < 0.95


def test_a_seed_decides_the_interval_and_equal_values_have_none_to_speak_of() -> None:
    values = [3.0, 1.0, 4.0, 1.0, 5.0]
    assert bootstrap_interval(values) == bootstrap_interval(values)
    few = [bootstrap_interval(values, resamples=50, seed=seed) for seed in range(5)]
    assert len(set(few)) > 1
    assert bootstrap_interval([0.1] * 3) == (pytest.approx(0.1), pytest.approx(0.1))
    wide, narrow = bootstrap_interval(values, level=0.99), bootstrap_interval(values, level=0.5)
    assert wide[0] < narrow[0] < 2.8 < narrow[1] < wide[1]


@pytest.mark.parametrize(
    ("values", "changes", "words"),
    [
        ([1.0], {}, "two or more"),
        ([1.0, math.nan], {}, "finite"),
        ([1.0, 2.0], {"level": 1.0}, "level is 1.0"),
        ([1.0, 2.0], {"resamples": 0}, "resamples is 0"),
    ],
)
def test_intervals_of_nothing_are_refused(values: list[float], changes: dict[str, float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        bootstrap_interval(values, **changes)  # type: ignore[arg-type]
