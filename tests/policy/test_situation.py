"""Robots that are away, in motion, or asking: what it means for help, orders and counts."""

from dataclasses import replace

import numpy as np
import pytest

from policy.errors import InputError
from policy.supervision import (
    Orders,
    Situation,
    SupervisionConfig,
    SupervisionState,
    advance,
    allocate,
    order,
)

SETUP = SupervisionConfig(robots=4, supervisors=2, uncertainty_threshold=1.0, minimum_intervention_steps=2)
PUSH = np.array([1.0, 0.0], dtype=np.float32)
NOTHING = np.zeros((4, 2), dtype=np.float32)
NONE = np.zeros(4, dtype=bool)


def situation(
    *,
    away: tuple[int, ...] = (),
    busy: tuple[int, ...] = (),
    doubtful: tuple[int, ...] = (),
    stuck: tuple[int, ...] = (),
    **more: bool,
) -> Situation:
    masks = [np.isin(np.arange(4), list(robots)) for robots in (away, busy, doubtful, stuck)]
    return Situation(*masks, **more)


def begun(uncertainty: list[float], **where: object) -> SupervisionState:
    state = SupervisionState.initial(SETUP)
    return allocate(SETUP, state, uncertainty, [True, True], situation=situation(**where)).state  # type: ignore[arg-type]


def test_a_robot_that_is_away_takes_nobodys_time_and_keeps_its_last_uncertainty() -> None:
    state = begun([9, 8, 7, 0], away=(0,))
    assert state.supervisor.tolist() == [-1, 0, 1, -1]
    assert state.uncertainty.tolist() == [0, 8, 7, 0]


def test_a_supervisor_is_free_as_soon_as_the_robot_goes_away() -> None:
    state = begun([9, 0, 0, 0])
    after = allocate(SETUP, state, [9, 8, 0, 0], [True, False], situation=situation(away=(0,))).state
    assert after.supervisor.tolist() == [-1, 0, -1, -1]


def test_a_robot_in_motion_is_not_asked_and_keeps_who_is_there() -> None:
    state = begun([9, 0, 0, 0])
    after = allocate(SETUP, state, [0, 9, 9, 0], [True, True], situation=situation(busy=(0, 1))).state
    assert after.supervisor.tolist() == [0, -1, 1, -1]
    assert after.uncertainty.tolist() == [9, 0, 9, 0]


def test_who_waits_for_an_answer_comes_before_everybody() -> None:
    state = begun([9, 8, 0, 0], doubtful=(3,))
    assert state.supervisor.tolist() == [1, -1, -1, 0]


def test_a_robot_whose_motions_come_to_nothing_calls_before_those_that_are_unsure() -> None:
    state = begun([9, 8, 0, 0], stuck=(3,))
    assert state.supervisor.tolist() == [1, -1, -1, 0]
    handed_back = allocate(
        SETUP, state, [9, 8, 0, 0], [True, True], released=[3], situation=situation(stuck=(3,))
    )
    assert handed_back.state.supervisor[3] == -1


def test_nobody_is_sent_where_resets_are_done_by_hand() -> None:
    violated = np.array([True, False, False, False])
    start = SupervisionState.initial(SETUP)
    state = advance(
        SETUP, start, order(SETUP, start, NOTHING, {}), np.zeros(4, np.float32), NONE, violated, NONE
    ).state
    allocated = allocate(SETUP, state, [0, 0, 0, 0], [True, True], situation=situation(by_hand=True))
    assert allocated.state.supervisor.tolist() == [-1] * 4
    assert allocated.queue == []
    orders = order(SETUP, allocated.state, NOTHING, {}, situation=situation(by_hand=True))
    assert orders.active.tolist() == [False, True, True, True]
    after = advance(SETUP, allocated.state, orders, np.zeros(4, np.float32), NONE, NONE, NONE, put_right=[0])
    assert not after.state.violated.any()
    assert after.hard_resets == [0]
    assert after.state.totals.hard_resets == 1
    with pytest.raises(InputError, match=r"robots \[2\] cannot have been put right"):
        advance(SETUP, after.state, orders, np.zeros(4, np.float32), NONE, NONE, NONE, put_right=[2])


def test_what_is_away_in_motion_or_asking_is_never_ordered() -> None:
    where = situation(away=(0,), busy=(1,), doubtful=(2,))
    state = begun([0, 9, 9, 0])
    orders = order(SETUP, state, NOTHING, {}, situation=where)
    assert orders.active.tolist() == [False, False, False, True]
    with pytest.raises(InputError, match="robot 1 cannot be teleoperated: it is away, in motion"):
        order(SETUP, state, NOTHING, {1: PUSH}, situation=where)


def test_a_step_of_robots_whose_motions_take_long_is_a_motion_of_each() -> None:
    setup = replace(SETUP, by_motion=True, retrain_every=2, hard_reset_steps=5)
    state = SupervisionState.initial(setup)
    state = allocate(setup, state, [9, 0, 0, 0], [True, True], situation=situation()).state
    due = []
    for landed in ([], [0], [1], [], [2, 3], [0, 1], [2], [3]):
        active = np.isin(np.arange(4), landed)
        orders = Orders(NOTHING, active, [robot for robot in landed if robot == 0], [])
        result = advance(setup, state, orders, active.astype(np.float32), NONE, NONE, NONE)
        state = result.state
        due.append(result.retrain)
    assert due == [False] * 7 + [True]  # Two motions of each of four robots.
    figures = state.metrics(setup)
    assert figures["motions"] == 8
    assert figures["human_actions"] == 2  # Only what ended while somebody was there.
    assert figures["idle_robot_steps"] == 0
    assert figures["average_reward"] == setup.episode_length
    nothing = np.zeros(4, dtype=np.float32)
    broken = advance(setup, state, Orders(NOTHING, ~NONE, [], []), nothing, NONE, ~NONE, NONE).state
    still = Orders(NOTHING, NONE, [], [])
    after = advance(setup, broken, still, nothing, NONE, NONE, NONE, put_right=[2]).state
    assert after.totals.human_actions - broken.totals.human_actions == 5


def test_a_situation_travels_and_is_checked() -> None:
    where = situation(away=(0,), doubtful=(3,), by_hand=True)
    again = Situation.from_dict(where.to_dict())
    assert again.to_dict() == where.to_dict()
    with pytest.raises(InputError, match="one shape"):
        Situation(NONE, NONE, np.zeros(3, dtype=bool), NONE)
    with pytest.raises(InputError, match="situation is of 3 robots"):
        allocate(SETUP, SupervisionState.initial(SETUP), [0] * 4, [True] * 2, situation=Situation.plain(3))
