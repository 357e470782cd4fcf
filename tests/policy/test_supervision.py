"""The supervision loop: t_T, t_R, dataset aggregation, ROHE, and what is refused."""

import dataclasses
import json
from collections.abc import Collection, Mapping

import numpy as np
import pytest

from policy.errors import InputError
from policy.supervision import (
    Advance,
    Mode,
    Orders,
    SupervisionConfig,
    SupervisionState,
    advance,
    allocate,
    order,
)

PUSH = np.array([1.0, 0.0], dtype=np.float32)


def config(robots: int = 3, supervisors: int = 1, **changes: object) -> SupervisionConfig:
    base = SupervisionConfig(robots=robots, supervisors=supervisors, uncertainty_threshold=1.0)
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def step(
    setup: SupervisionConfig,
    state: SupervisionState,
    *,
    uncertainty: list[float],
    interventions: Mapping[int, np.ndarray] | None = None,
    resets: Collection[int] = (),
    violation: Collection[int] = (),
    success: Collection[int] = (),
    released: Collection[int] = (),
    available: list[bool] | None = None,
) -> tuple[Orders, Advance]:
    """One fleet step; every teleoperated robot is pushed unless `interventions` says otherwise."""
    allocation = allocate(
        setup, state, uncertainty, available or [True] * setup.supervisors, released=released
    )
    middle = allocation.state
    if interventions is None:
        teleoperated = [i for i in range(setup.robots) if middle.mode(i) is Mode.TELEOPERATED]
        interventions = dict.fromkeys(teleoperated, PUSH)
        resets = [i for i in range(setup.robots) if middle.mode(i) is Mode.RESETTING]
    orders = order(setup, middle, np.zeros((setup.robots, 2), np.float32), interventions, resets)
    flags = np.zeros((2, setup.robots), dtype=bool)
    flags[0, list(violation)] = True
    flags[1, list(success)] = True
    reward = flags[1].astype(np.float32)
    return orders, advance(setup, middle, orders, reward, flags[1], flags[0], flags[1])


def test_a_supervisor_stays_for_the_minimum_intervention_time() -> None:
    setup = config()
    state = SupervisionState.initial(setup)
    _, result = step(setup, state, uncertainty=[5, 0, 0])
    for _ in range(2):
        _, result = step(setup, result.state, uncertainty=[0, 9, 0])
        assert result.state.robot_of(0) == 0
    _, result = step(setup, result.state, uncertainty=[0, 9, 0])
    assert result.state.robot_of(0) == 1
    assert result.state.totals.switches == 2


def test_time_without_an_answer_does_not_count_towards_the_minimum_intervention_time() -> None:
    setup = config()
    state = SupervisionState.initial(setup)
    for _ in range(6):
        orders, result = step(setup, state, uncertainty=[5, 9, 0], interventions={})
        state = result.state
    assert state.robot_of(0) == 1
    assert not orders.active[1]
    assert orders.active[[0, 2]].all()
    assert state.totals.human_actions == 6
    assert state.totals.idle_robot_steps == 6
    assert state.totals.interventions == 0


def test_a_hard_reset_takes_its_time_and_never_enters_the_dataset() -> None:
    setup = config()
    _, result = step(setup, SupervisionState.initial(setup), uncertainty=[0, 0, 0], violation=[2])
    assert result.state.mode(2) is Mode.WAITING_RESET
    for done in range(5):
        assert result.hard_resets == []
        orders, result = step(setup, result.state, uncertainty=[0, 0, 0])
        assert not orders.active[2]
        assert 2 not in result.samples
        assert result.state.totals.human_actions == done + 1
    assert result.hard_resets == [2]
    assert result.state.mode(2) is Mode.AUTONOMOUS
    assert result.state.totals.hard_resets == 1
    assert result.state.totals.teleoperation_actions == 0


def test_an_unconfirmed_hard_reset_makes_no_progress_and_keeps_its_supervisor() -> None:
    setup = config(robots=2)
    _, result = step(setup, SupervisionState.initial(setup), uncertainty=[0, 0], violation=[0])
    _, result = step(setup, result.state, uncertainty=[0, 0], interventions={})
    for _ in range(20):
        _, result = step(setup, result.state, uncertainty=[0, 8], interventions={})
        assert result.state.mode(0) is Mode.RESETTING
        assert result.hard_resets == []


def test_a_robot_that_breaks_a_constraint_under_teleoperation_keeps_its_supervisor() -> None:
    setup = config(robots=2)
    _, result = step(setup, SupervisionState.initial(setup), uncertainty=[5, 0], violation=[0])
    _, result = step(setup, result.state, uncertainty=[0, 7])
    assert result.state.mode(0) is Mode.RESETTING
    assert result.samples == []


def test_only_goals_without_any_help_since_they_began_are_autonomous() -> None:
    setup = config(robots=2, minimum_intervention_steps=1)
    state = SupervisionState.initial(setup)
    _, result = step(setup, state, uncertainty=[5, 0])
    _, result = step(setup, result.state, uncertainty=[0, 0], success=[0, 1])
    totals = result.state.totals
    assert (totals.successes, totals.autonomous_successes) == (2, 1)
    assert sorted(result.soft_resets) == [0, 1]
    _, result = step(setup, result.state, uncertainty=[0, 0], success=[0])
    assert result.state.totals.autonomous_successes == 2


def test_a_robot_handed_back_acts_on_its_own_before_it_calls_again() -> None:
    setup = config(robots=1)
    _, result = step(setup, SupervisionState.initial(setup), uncertainty=[5])
    called = []
    for number in range(5):
        _, result = step(setup, result.state, uncertainty=[5], released=[0] if number == 0 else ())
        called.append(result.state.robot_of(0) == 0)
    assert called == [False, False, False, True, True]


def test_a_supervisor_on_pause_gives_the_robot_back_and_gets_none() -> None:
    setup = config(robots=2)
    _, result = step(setup, SupervisionState.initial(setup), uncertainty=[5, 0])
    _, result = step(setup, result.state, uncertainty=[5, 0], available=[False])
    assert result.state.robot_of(0) is None
    allocation = allocate(setup, result.state, [5, 0], [False])
    assert allocation.queue == [0]


def test_return_on_human_effort_is_equation_three() -> None:
    setup = config(robots=4, supervisors=2, minimum_intervention_steps=1)
    _, result = step(setup, SupervisionState.initial(setup), uncertainty=[5, 5, 0, 0], success=[2, 3])
    metrics = result.state.metrics(setup)
    assert metrics["rohe"] == pytest.approx((2 / 4) * (2 / 4) / (1 + 2))
    assert metrics["rohe_released"] == pytest.approx(2 / 3)


def test_retraining_is_due_at_every_interval() -> None:
    setup = config(retrain_every=4)
    state = SupervisionState.initial(setup)
    due = []
    for _ in range(8):
        _, result = step(setup, state, uncertainty=[0, 0, 0])
        state = result.state
        due.append(result.retrain)
    assert due == [False, False, False, True] * 2


def test_random_help_keeps_to_its_budget() -> None:
    setup = config(robots=10, supervisors=3, priority="random", random_budget=60, random_probability=0.2)
    state = SupervisionState.initial(setup)
    for _ in range(200):
        _, result = step(setup, state, uncertainty=[99.0] * 10)
        state = result.state
    overshoot = setup.supervisors * setup.minimum_intervention_steps
    assert 60 <= state.totals.teleoperation_actions <= 60 + overshoot


def test_a_command_for_a_robot_without_supervisor_is_refused() -> None:
    setup = config()
    state = allocate(setup, SupervisionState.initial(setup), [5, 0, 0], [True]).state
    nothing = np.zeros((3, 2), np.float32)
    with pytest.raises(InputError, match="robot 1 cannot be teleoperated: it is autonomous"):
        order(setup, state, nothing, {1: PUSH})
    with pytest.raises(InputError, match="robot 0 cannot be reset: it is teleoperated"):
        order(setup, state, nothing, {}, [0])


def test_state_survives_json_and_the_run_goes_on_as_if_nothing_had_happened() -> None:
    setup = config(robots=6, supervisors=2)
    rng = np.random.default_rng(3)
    draws = [(rng.exponential(1.0, 6).tolist(), np.flatnonzero(rng.random(6) < 0.1)) for _ in range(40)]
    straight = resumed = SupervisionState.initial(setup)
    for uncertainty, violation in draws:
        straight = step(setup, straight, uncertainty=uncertainty, violation=violation)[1].state
        restored = SupervisionState.from_dict(json.loads(json.dumps(resumed.to_dict())))
        resumed = step(setup, restored, uncertainty=uncertainty, violation=violation)[1].state
    assert straight.to_dict() == resumed.to_dict()
    assert straight.totals.hard_resets > 0


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "priority", ["uncertainty_constraint", "constraint_uncertainty", "constraint_uncertainty_risk", "random"]
)
def test_what_must_hold_in_every_step_of_any_fleet(priority: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    robots = int(rng.integers(2, 30))
    setup = config(
        robots=robots,
        supervisors=int(rng.integers(1, robots + 1)),
        priority=priority,
        uncertainty_threshold=float(rng.choice([0.0, 1.0, 2.0])),
        call_share=float(rng.choice([0.0, 0.1])),
        minimum_intervention_steps=int(rng.integers(1, 6)),
        random_budget=400,
        random_probability=0.2,
    )
    state = SupervisionState.initial(setup)
    for _ in range(150):
        uncertainty, risk = rng.exponential(1.0, robots), rng.random(robots)
        present = rng.random(setup.supervisors) < 0.9
        allocation = allocate(setup, state, uncertainty, present, risk=risk)
        again = allocate(setup, state, uncertainty, present, risk=risk)
        middle = allocation.state
        assert again.state.to_dict() == middle.to_dict()
        seats = middle.supervisor[middle.supervisor >= 0]
        assert len(set(seats.tolist())) == len(seats)
        assert present[seats].all()
        must_stay = (state.supervisor >= 0) & present[state.supervisor]
        must_stay &= state.violated | (state.executed < setup.minimum_intervention_steps)
        assert (middle.supervisor[must_stay] == state.supervisor[must_stay]).all()
        helped = middle.supervisor >= 0
        assert (allocation.priorities[helped & ~must_stay] > 0).all()
        calling = (allocation.priorities > 0) & ~must_stay
        free = int(present.sum()) - int(must_stay.sum())
        assert int((helped & ~must_stay).sum()) == min(free, int(calling.sum()))
        assert sorted(allocation.queue) == np.flatnonzero(calling & ~helped).tolist()

        teleoperated = np.flatnonzero(helped & ~middle.violated & (rng.random(robots) < 0.8))
        confirmed = np.flatnonzero(helped & middle.violated & (rng.random(robots) < 0.5))
        orders = order(
            setup,
            middle,
            np.zeros((robots, 2), np.float32),
            dict.fromkeys(teleoperated.tolist(), PUSH),
            confirmed.tolist(),
        )
        assert not (orders.active & middle.violated).any()
        ends, breaks = rng.random((2, robots)) < 0.05
        result = advance(setup, middle, orders, ends.astype(np.float32), ends, breaks, ends)
        assert set(result.samples) == set(teleoperated.tolist())
        state = result.state
    assert state.totals.human_actions > state.totals.interventions > 0
    assert state.totals.hard_resets > 0 or (setup.uncertainty_threshold == 0 and setup.call_share == 0)


def test_at_a_threshold_of_zero_supervisors_are_never_free_and_follow_the_most_uncertain() -> None:
    setup = config(robots=4, supervisors=2, uncertainty_threshold=0.0, minimum_intervention_steps=2)
    state = SupervisionState.initial(setup)
    helped = []
    for uncertainty in ([0.0, 0.0, 0.3, 0.1], [9, 8, 0, 0], [9, 8, 0, 0], [0, 8, 0, 9], [0, 8, 0, 9]):
        _, result = step(setup, state, uncertainty=uncertainty)
        state = result.state
        helped.append(np.flatnonzero(state.supervisor >= 0).tolist())
    assert helped == [[2, 3], [2, 3], [0, 1], [0, 1], [1, 3]]


def test_risk_calls_where_uncertainty_does_not() -> None:
    setup = config(priority="constraint_uncertainty_risk", risk_threshold=0.4)
    state = SupervisionState.initial(setup)
    assert allocate(setup, state, [0, 0, 0], [True], risk=[0.1, 0.3, 0.8]).state.robot_of(0) == 2
    assert allocate(setup, state, [0, 5, 0], [True], risk=[0.1, 0.3, 0.8]).state.robot_of(0) == 1
    for risk, words in ((None, "risk is missing"), ([0.1, 0.2], "3 numbers"), ([0, 0, 1.5], "from 0 to 1")):
        with pytest.raises(InputError, match=words):
            allocate(setup, state, [0, 0, 0], [True], risk=risk)


def test_a_running_threshold_lets_the_wanted_share_call_and_survives_json_exactly() -> None:
    setup = config(robots=20, supervisors=0, uncertainty_threshold=50.0, call_share=0.05)
    rng = np.random.default_rng(1)
    state = SupervisionState.initial(setup)
    calls = []
    for number in range(400):
        uncertainty = rng.lognormal(size=20).tolist()
        state = SupervisionState.from_dict(json.loads(json.dumps(state.to_dict())))
        allocation = allocate(setup, state, uncertainty, [])
        assert (allocation.threshold == 50.0) is (number < 10)  # 10 calls at 5 % are 200 robot-steps
        calls.append(int((allocation.priorities > 0).sum()))
        _, result = step(setup, state, uncertainty=uncertainty, available=[])
        state = result.state
    assert np.mean(calls[100:]) / 20 == pytest.approx(0.05, abs=0.01)
    assert len(json.dumps(state.to_dict())) < 10_000


def test_what_older_runs_stored_still_loads() -> None:
    setup = config()
    old_config = {
        name: value for name, value in setup.to_dict().items() if name not in ("risk_threshold", "call_share")
    }
    assert SupervisionConfig.from_dict(old_config) == setup
    stored = SupervisionState.initial(setup).to_dict()
    assert "seen" not in stored
    assert SupervisionState.from_dict(stored).to_dict() == stored


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("risk_threshold", 1.5),
        ("call_share", 1.0),
        ("robots", 0),
        ("supervisors", 4),
        ("uncertainty_threshold", -1.0),
        ("uncertainty_threshold", float("nan")),
        ("hard_reset_steps", 0),
        ("priority", "loudest"),
    ],
)
def test_invalid_configuration_names_the_value(name: str, value: object) -> None:
    with pytest.raises(InputError, match=f"{name} is {value!r}"):
        config(**{name: value})


def test_nan_uncertainty_is_refused() -> None:
    setup = config()
    with pytest.raises(InputError, match=r"\[1\] is NaN"):
        allocate(setup, SupervisionState.initial(setup), [0, float("nan"), 0], [True])
