"""The mover alone: a stop that fails is told again, and never to a motion that was not meant."""

import threading
import time

import pytest
from remote_house import until

from robots.remote.journal import Journal
from robots.remote.keeping import Hold, Latch
from robots.remote.messages import Act
from robots.remote.moving import Mover
from robots.remote.side import SideError


class Deaf:
    """Hears a stop only after so many failures; forgets one that comes before its motion begins."""

    def __init__(self, failures: int = 0, slow_start_s: float = 0.0) -> None:
        self.failures, self.slow_start_s = failures, slow_start_s
        self.moving, self.stops = threading.Event(), []
        self._heard = threading.Event()

    def move(self, reach) -> None:
        time.sleep(self.slow_start_s)
        self._heard.clear()
        self.moving.set()
        heard = self._heard.wait(20.0)
        self.moving.clear()
        if heard:
            raise SideError("stopped")

    def stop(self, *, motors_off: bool = False) -> None:
        self.stops.append(motors_off)
        if self.failures:
            self.failures -= 1
            raise SideError("the controller does not answer")
        self._heard.set()


def act(motion: str) -> Act:
    return Act(motion, "s", (0.0, 0.0), (0.1, 0.0), 0.1, 0.0, 0.0)


@pytest.fixture
def build(tmp_path):
    journals = []

    def with_side(side) -> Mover:
        journals.append(Journal(tmp_path / "motions.jsonl"))
        mover = Mover(side, journals[-1], Latch(tmp_path), time.monotonic, lambda motion, fate: None)
        mover.journal = journals[-1]
        return mover

    yield with_side
    for journal in journals:
        journal.close()


def test_a_stop_that_fails_is_told_again_until_it_is_heard(build):
    side = Deaf(failures=4)
    mover = build(side)
    mover.begin(act("m1"), lambda at: None)
    assert side.moving.wait(10.0)
    with pytest.raises(SideError, match="does not answer"):
        mover.stop("now", motors_off=True)
    assert mover.wait(10.0)
    assert len(side.stops) >= 5
    assert all(side.stops)
    assert mover.journal.fate("m1").ended == "cut"


def test_a_stop_that_comes_before_the_motion_stops_it_all_the_same(build):
    side = Deaf(slow_start_s=0.2)
    mover = build(side)
    mover.begin(act("m1"), lambda at: None)
    mover.cut("at once")
    assert mover.wait(10.0)
    assert mover.journal.fate("m1").ended == "cut"


def test_a_stop_of_a_standing_robot_ends(build):
    side = Deaf(failures=2)
    mover = build(side)
    with pytest.raises(SideError):
        mover.stop("just in case")
    until(lambda: len(side.stops) == 3, "heard")
    mover.release()
    until(lambda: begun(mover, "m1"), "begun")
    assert side.moving.wait(10.0)
    time.sleep(0.2)
    assert side.moving.is_set(), "an old stop hit a new motion"
    assert len(side.stops) == 3
    mover.cut("the test ends")
    assert mover.wait(10.0)


def begun(mover: Mover, motion: str) -> bool:
    try:
        mover.begin(act(motion), lambda at: None)
    except SideError:
        return False
    return True


def test_while_a_stop_is_being_told_nothing_begins(build):
    side = Deaf(failures=1000)
    mover = build(side)
    with pytest.raises(SideError):
        mover.cut("unheard")
    assert not begun(mover, "m1")
    assert not mover.journal.knows("m1")
    side.failures = 0
    until(lambda: begun(mover, "m2"), "begun when it was heard")
    mover.cut("the test ends")
    assert mover.wait(10.0)


def test_a_latch_that_cannot_be_read_is_a_stop(tmp_path):
    (tmp_path / "stopped.json").write_text("{")
    assert Latch(tmp_path).reason
    Latch(tmp_path).clear()
    assert Latch(tmp_path).reason == ""


def test_one_folder_is_one_agent_s(tmp_path):
    hold = Hold(tmp_path)
    hold.sign("the first")
    with pytest.raises(SideError, match="driven by the first"):
        Hold(tmp_path)
    hold.close()
    Hold(tmp_path).close()
