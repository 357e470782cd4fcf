"""What the pretended physical fleet does beyond what each promises: time, and faults to order."""

from itertools import count

import numpy as np
import pytest
from carts import Carts

from robots.fleet import FleetError
from robots.physical import Ended, Motion, MotionEnd, Presence
from robots.pretend import PretendClock, PretendFleet

_numbers = count()


def motion(robot: int, action: tuple[float, float] = (0.5, 0.1), within_s: float = 1.0) -> Motion:
    return Motion(f"m{next(_numbers)}", robot, np.array(action, dtype=np.float32), within_s)


@pytest.fixture
def clock() -> PretendClock:
    return PretendClock()


@pytest.fixture
def fleet(clock: PretendClock) -> PretendFleet:
    return PretendFleet(Carts(3, 0), motion_s=2.0, clock=clock)


def only(fleet: PretendFleet) -> MotionEnd:
    (end,) = fleet.ended()
    return end


def presences(fleet: PretendFleet) -> list[Presence]:
    return [condition.presence for condition in fleet.conditions()]


def test_a_motion_moves_its_robot_alone_when_its_time_is_over(
    fleet: PretendFleet, clock: PretendClock
) -> None:
    plain = Carts(3, 0)
    before = fleet.observe()
    began = clock()
    fleet.begin([motion(1)])
    clock.sleep(1.9)
    assert fleet.ended() == []
    assert presences(fleet) == [Presence.READY, Presence.MOVING, Presence.READY]
    assert np.array_equal(fleet.observe(), before)
    clock.sleep(5.0)
    end = only(fleet)
    actions = np.zeros((3, 2), dtype=np.float32)
    actions[1] = 0.5, 0.1
    result = plain.act(actions, np.array([False, True, False]))
    assert np.array_equal(fleet.observe(), plain.observe())
    assert (end.ended, end.reward, end.done) == (Ended.DONE, result.reward[1], result.done[1])
    assert (end.began_at, end.ended_at, end.seen_at) == (began, began + 2.0, began + 2.0)


def test_what_was_executed_is_told_where_it_is_not_what_was_ordered(
    fleet: PretendFleet, clock: PretendClock
) -> None:
    fleet.begin([motion(0, (3.0, -0.5)), motion(1, (0.3, -0.5))])
    clock.sleep(2.0)
    ends = {end.motion.robot: end for end in fleet.ended()}
    assert np.array_equal(ends[0].action, [1.0, -0.5])
    assert ends[1].action is None


def test_a_motion_that_is_stopped_moves_nothing(fleet: PretendFleet, clock: PretendClock) -> None:
    before = fleet.observe()
    fleet.begin([motion(1), motion(2)])
    clock.sleep(1.0)
    fleet.stop("a hand is in the way", [1])
    assert (only(fleet).ended, fleet.carried_out) == (Ended.CUT, [])
    clock.sleep(1.0)
    assert only(fleet).motion.robot == 2
    assert np.array_equal(fleet.observe()[1], before[1])
    assert "a hand is in the way" in fleet.conditions()[1].reason


def test_a_motion_that_ended_before_the_stop_is_done(fleet: PretendFleet, clock: PretendClock) -> None:
    fleet.begin([motion(1)])
    clock.sleep(3.0)
    fleet.stop("too late")
    assert only(fleet).ended is Ended.DONE


def test_a_robot_that_is_away_takes_nothing_and_shows_nothing(fleet: PretendFleet) -> None:
    fleet.send_away(2, "its battery is flat; charge it")
    assert presences(fleet) == [Presence.READY, Presence.READY, Presence.AWAY]
    assert not fleet.observe()[2].any()
    fleet.begin([motion(2)])
    end = only(fleet)
    assert (end.ended, end.detail) == (Ended.REFUSED, "its battery is flat; charge it")
    assert (fleet.frames([2])[0].image != fleet.frames([1])[0].image).any()
    fleet.bring_back(2)
    assert presences(fleet) == [Presence.READY] * 3
    assert fleet.observe()[2].any()


def test_a_robot_that_somebody_paused_still_shows_itself(fleet: PretendFleet) -> None:
    fleet.send_away(2, "somebody paused it; start it there", dark=False)
    assert presences(fleet)[2] is Presence.AWAY
    assert fleet.observe()[2].any()


@pytest.mark.parametrize(("away_s", "ended"), [(9.0, Ended.DONE), (10.0, Ended.UNKNOWN)])
def test_what_a_robot_did_while_it_was_away_is_told_unless_it_was_given_up(
    fleet: PretendFleet, clock: PretendClock, away_s: float, ended: Ended
) -> None:
    fleet.begin([motion(0)])
    fleet.send_away(0)
    clock.sleep(away_s)
    told = fleet.ended()
    fleet.bring_back(0)
    assert [end.ended for end in (*told, *fleet.ended())] == [ended]
    assert len(fleet.carried_out) == 1
    clock.sleep(20.0)
    assert fleet.ended() == []


def test_a_lost_end_is_unknown_though_the_robot_moved(fleet: PretendFleet, clock: PretendClock) -> None:
    before = fleet.observe()
    fleet.begin([motion(0)])
    fleet.lose_end(0)
    clock.sleep(9.9)
    assert fleet.ended() == []
    assert presences(fleet)[0] is Presence.MOVING
    clock.sleep(0.1)
    end = only(fleet)
    assert (end.ended, end.reward, end.done, end.ended_at) == (Ended.UNKNOWN, 0.0, False, None)
    assert not np.array_equal(fleet.observe()[0], before[0])
    assert presences(fleet)[0] is Presence.READY
    with pytest.raises(FleetError, match="begin a motion first"):
        fleet.lose_end(0)


def test_a_doubt_holds_for_one_outcome(fleet: PretendFleet, clock: PretendClock) -> None:
    fleet.doubt(0, 0.4, success=True)
    for confidence, success in ((0.4, True), (1.0, False)):
        fleet.begin([motion(0, (0.0, 0.0))])
        clock.sleep(2.0)
        end = only(fleet)
        assert (end.confidence, end.success) == (confidence, success)


def drive_off(fleet: PretendFleet, clock: PretendClock, robot: int) -> MotionEnd:
    for _ in range(30):
        fleet.begin([motion(robot, (1.0, 1.0))])
        clock.sleep(2.0)
        end = only(fleet)
        if end.violation:
            return end
    raise AssertionError("it never left its rail")


def test_a_hard_reset_needs_hands(fleet: PretendFleet, clock: PretendClock) -> None:
    drive_off(fleet, clock, 1)
    assert "put it right by hand" in fleet.hard_reset([1])[1]
    fleet.put_right(1)
    assert fleet.hard_reset([1]) == {}
    assert abs(fleet.observe()[1, 0]) <= 0.8
    assert 1 in fleet.hard_reset([1])  # Hands are good for one.


def test_a_fleet_that_resets_itself_needs_none(clock: PretendClock) -> None:
    fleet = PretendFleet(Carts(3, 0), clock=clock, resets_itself=True)
    assert fleet.hard_reset([0, 2]) == {}


def test_pictures_say_how_old_they_are(fleet: PretendFleet, clock: PretendClock) -> None:
    fleet.picture_age_s = 4.0
    fleet.send_away(1)
    assert [frame.captured_at for frame in fleet.frames([0, 1])] == [clock() - 4.0] * 2


def test_it_offers_true_states_but_is_no_simulation(fleet: PretendFleet) -> None:
    assert fleet.states().shape == (3, 2)
    for name in ("act", "snapshot", "restore"):
        with pytest.raises(AttributeError, match=name):
            getattr(fleet, name)
