"""Robots that are there, step by step: every motion is waited for, and what is not there moves nothing."""

import numpy as np
import pytest
from carts import Carts

from robots.conformance.fleet import all_active
from robots.fleet import FleetError
from robots.in_step import InStep
from robots.physical import Ended, MotionEnd
from robots.pretend import PretendClock, PretendFleet

PUSH = np.array([[0.5, 0.2], [-0.5, 0.1], [0.3, 0.3]], dtype=np.float32)


class Bench:
    """Three carts, a clock, and what befalls them while somebody sleeps."""

    def __init__(self) -> None:
        self.clock = PretendClock()
        self.carts = PretendFleet(Carts(3, 0), motion_s=2.0, clock=self.clock)
        self.begun = self.clock()
        self.events: list[tuple[float, object]] = []
        self.fleet = InStep(self.carts, clock=self.clock, sleep=self.sleep, poll_s=0.25)

    def after(self, seconds: float, call: object) -> None:
        self.events.append((self.clock() + seconds, call))

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)
        for event in [event for event in self.events if event[0] <= self.clock()]:
            self.events.remove(event)
            event[1]()

    def step(self) -> list[float]:
        return self.fleet.act(PUSH, all_active(self.fleet)).reward.tolist()

    @property
    def took_s(self) -> float:
        return self.clock() - self.begun


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_step_is_the_simulated_one_and_takes_as_long_as_its_longest_motion(bench: Bench) -> None:
    plain = Carts(3, 0)
    for _ in range(5):
        told = bench.fleet.act(PUSH, all_active(plain))
        expected = plain.act(PUSH, all_active(plain))
        for one, other in zip(told, expected, strict=True):
            assert np.array_equal(one, other)
        assert bench.fleet.moved.all()
    assert np.array_equal(bench.fleet.observe(), plain.observe())
    assert bench.took_s == 5 * 2.0


def test_robots_that_are_not_asked_hold_still(bench: Bench) -> None:
    before = bench.fleet.observe()
    bench.fleet.act(PUSH, np.array([False, True, False]))
    assert bench.fleet.moved.tolist() == [False, True, False]
    assert np.array_equal(bench.fleet.observe()[[0, 2]], before[[0, 2]])
    bench.fleet.act(PUSH, np.zeros(3, dtype=np.bool_))
    assert bench.took_s == 2.0


def test_a_robot_that_is_away_reports_zeros_and_stops_nobody(bench: Bench) -> None:
    bench.carts.send_away(1)
    assert bench.fleet.away().tolist() == [False, True, False]
    assert bench.step()[1] == 0.0
    assert bench.fleet.moved.tolist() == [True, False, True]
    assert bench.fleet.reported.tolist() == [True, False, True]
    bench.carts.bring_back(1)
    bench.step()
    assert bench.fleet.moved.all()


def test_an_end_that_nobody_saw_reports_zeros_and_the_robot_is_out_until_it_is_back(bench: Bench) -> None:
    bench.after(1.0, lambda: bench.carts.send_away(1))
    result = bench.fleet.act(PUSH, all_active(bench.fleet))
    assert bench.took_s == bench.carts.slowest_s
    assert not any(reported[1] for reported in result)
    assert bench.fleet.reported.tolist() == [True, False, True]
    bench.step()
    assert bench.fleet.moved.tolist() == [True, False, True]
    bench.carts.bring_back(1)
    bench.step()
    assert bench.fleet.moved.all()
    assert [motion.robot for motion in bench.carts.carried_out].count(1) == 2  # Neither one twice.


def test_a_fleet_that_says_nothing_is_not_waited_for_for_ever(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.carts, "ended", list)
    bench.step()
    assert not bench.fleet.reported.any()
    assert bench.carts.slowest_s <= bench.took_s < bench.carts.slowest_s + 3.0
    monkeypatch.undo()
    bench.step()  # Late words about the motions that were given up are no words about these.
    assert bench.fleet.moved.all()


def test_a_motion_that_is_cut_is_no_motion_but_what_came_of_it_is_seen(bench: Bench) -> None:
    bench.after(1.0, lambda: bench.carts.stop("a hand", [2]))
    bench.step()
    assert bench.fleet.moved.tolist() == [True, True, False]
    assert bench.fleet.reported.all()


def test_what_was_executed_is_known(bench: Bench) -> None:
    told = bench.carts.ended

    def slower() -> list[MotionEnd]:
        return [
            MotionEnd(end.motion, Ended.DONE, action=end.motion.action / 2) for end in told()
        ]  # A speed limit of the robot's own.

    bench.carts.ended = slower
    bench.step()
    assert np.allclose(bench.fleet.executed, PUSH / 2)


def test_a_hard_reset_waits_for_hands(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.after(30.0, lambda: bench.carts.put_right(0))
    bench.after(70.0, lambda: bench.carts.put_right(2))
    bench.fleet.hard_reset([2, 0])
    assert bench.took_s == 70.0
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "robot 2 waits to be put right",
        "robot 0 waits to be put right",
    ]


def test_hands_that_never_come_end_in_a_sentence(bench: Bench) -> None:
    bench.carts.put_right(0)
    with pytest.raises(FleetError, match=r"\[2\] were not put right within 600 s .*what is done is kept"):
        bench.fleet.hard_reset([2, 0])


def test_a_step_waits_while_no_robot_is_ready_and_says_why_when_it_gives_up(bench: Bench) -> None:
    bench.carts.stop("everybody out")
    bench.after(50.0, bench.carts.release)
    bench.step()
    assert bench.took_s == 52.0
    bench.carts.stop("everybody out")
    with pytest.raises(FleetError, match=r"no robot took a motion for 600 s .*everybody out"):
        bench.step()


def test_the_world_is_neither_stored_nor_put_back(bench: Bench) -> None:
    with pytest.raises(FleetError, match="cannot be stored"):
        bench.fleet.snapshot()
    with pytest.raises(FleetError, match=r"cannot be put back .* Observe them instead"):
        bench.fleet.restore({})


def test_bad_actions_move_nobody(bench: Bench) -> None:
    bad = PUSH.copy()
    bad[2, 0] = np.nan
    with pytest.raises(FleetError, match="robot 2"):
        bench.fleet.act(bad, all_active(bench.fleet))
    with pytest.raises(FleetError, match="no robot 3"):
        bench.fleet.reset([3])
    assert bench.carts.carried_out == []
    bench.fleet.act(PUSH * 9, all_active(bench.fleet))
    assert bench.fleet.clipped == 3


def test_supervisors_find_true_states_behind_it(bench: Bench) -> None:
    assert bench.fleet.states().shape == (3, 2)
    assert bench.fleet.frames([1])[0].captured_at == bench.clock()
    bench.fleet.close()
    assert bench.fleet.away().all()
