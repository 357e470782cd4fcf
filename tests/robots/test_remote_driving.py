"""The driver's decisions without a link: clocks, waiting, presence, and how a motion's end is told."""

import math
from dataclasses import replace
from random import Random
from types import SimpleNamespace

import numpy as np
import pytest

from robots.physical import Ended, Motion, Presence
from robots.remote.backoff import BackOff
from robots.remote.clocks import Offset
from robots.remote.flight import Flight, Times, fate_from
from robots.remote.journal import Fate
from robots.remote.presence import Heard, Known, condition
from robots.remote.side import Reach

WELL = Known("", "", False, Heard(), 0.1, 2.0, "")
TIMES = Times(slowest_s=10.0, look_s=3.0)


def test_the_offset_is_right_within_half_the_quickest_round_trip():
    source, offset, true = Random(0), Offset(), 3600.0
    for step in range(100):
        sent, out, back = step * 0.25, source.uniform(0.01, 0.4), source.uniform(0.01, 0.4)
        offset.heard(sent, sent + out + true, sent + out + back)
        assert abs(offset.seconds - true) <= offset.error + 1e-9
        assert offset.deadline_there(sent) <= sent + true + 1e-9
    assert offset.error < 0.1


def test_waiting_grows_to_ten_seconds_and_starts_again_after_success():
    waits = BackOff(Random(0))
    told = [waits.wait_s() for _ in range(12)]
    assert 0.1 <= told[0] <= 0.2
    assert all(5.0 <= wait <= 10.0 for wait in told[-4:])
    waits.worked()
    assert waits.wait_s() <= 0.2
    assert BackOff(Random(1)).wait_s() != BackOff(Random(2)).wait_s()


@pytest.mark.parametrize(
    ("changed", "presence", "says"),
    [
        ({}, Presence.READY, ""),
        ({"latched": "fire"}, Presence.STOPPED, "fire"),
        ({"heard": Heard(stopped="night")}, Presence.STOPPED, "night"),
        ({"latched": "fire", "away": "no link"}, Presence.STOPPED, "no link"),
        ({"away": "no link", "ordered": True}, Presence.AWAY, "no link"),
        ({"ordered": True}, Presence.MOVING, ""),
        ({"heard": Heard(moving="m1")}, Presence.MOVING, ""),
        ({"heard": Heard(ready="turn the key")}, Presence.AWAY, "turn the key"),
        ({"heard": Heard(camera="no cable")}, Presence.AWAY, "no cable"),
        ({"picture_age": None}, Presence.AWAY, "no picture"),
        ({"picture_age": 7.0}, Presence.AWAY, "7 s old"),
        ({"trouble": "the camera was moved"}, Presence.AWAY, "moved"),
    ],
)
def test_presence_says_the_first_thing_that_keeps_a_robot_from_moving(changed, presence, says):
    told = condition(replace(WELL, **changed))
    assert told.presence is presence
    assert says in told.reason


def flight(sent: bool = True) -> Flight:
    motion = Motion("m1", 0, np.zeros(2, dtype=np.float32), 1.0)
    return Flight(motion, motion.action, Reach((0, 0), (0.1, 0), 0.1), None, ordered_at=100.0, sent=sent)


def sight(stamp: float, trouble: str = ""):
    return SimpleNamespace(shot=SimpleNamespace(stamp=stamp), seen=SimpleNamespace(trouble=trouble))


def test_an_outcome_is_read_from_a_clear_picture_taken_after_the_end():
    told = flight()
    assert told.saw(sight(9.0)) is None
    assert told.told(Fate("done", "", 7.0, 8.0), 103.0) is None
    assert told.saw(sight(8.0)) is None
    assert told.saw(sight(8.5, trouble="the arm is in the way")) is None
    verdict = told.saw(sight(9.0))
    assert verdict.ended is Ended.DONE
    assert verdict.after.shot.stamp == 9.0


def test_an_end_without_a_picture_is_told_all_the_same():
    told = flight()
    told.told(Fate("cut", "stopped.", 7.0, 8.0), 103.0)
    assert told.late(105.0, TIMES) is None
    verdict = told.late(106.1, TIMES)
    assert verdict.ended is Ended.CUT
    assert verdict.after is None
    assert "No picture" in verdict.detail


@pytest.mark.parametrize(
    ("fate", "ended"), [("refused", Ended.REFUSED), ("never", Ended.REFUSED), ("unknown", Ended.UNKNOWN)]
)
def test_fates_without_an_outcome_end_at_once(fate, ended):
    assert flight().told(Fate(fate, "why"), 101.0).ended is ended


def test_a_motion_of_which_nothing_is_heard_is_unknown_unless_it_never_left():
    assert flight().late(109.0, TIMES) is None
    assert flight().late(110.1, TIMES).ended is Ended.UNKNOWN
    assert flight(sent=False).late(110.1, TIMES).ended is Ended.REFUSED


@pytest.mark.parametrize(
    "fields",
    [{}, {"ended": "perhaps"}, {"ended": "done"}, {"ended": "cut", "ended_at": "noon"}, {"ended": 3}],
)
def test_ends_that_make_no_sense_are_unknown(fields):
    assert fate_from(fields).ended == "unknown"


def test_times_check_themselves():
    for value in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="beat_s"):
            Times(beat_s=value)
