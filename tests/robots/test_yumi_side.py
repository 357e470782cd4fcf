"""One arm's side against the simulated robot: what a motion comes to when something on the way fails."""

import threading
import time

import pytest
from yumi_twin import ENDLESS, QUICK, side_of, twin, until

from robots.remote.side import Reach, SideError
from robots.yumi.handshake import Report, Result
from robots.yumi.side import YumiSide
from robots.yumi.twin.station import Station


class Moving:
    """A motion in a thread of its own, as the agent runs it; `sentence` is what it raised, or empty."""

    def __init__(self, side: YumiSide, reach: Reach) -> None:
        self.sentence = ""
        self._side, self._reach = side, reach
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._side.move(self._reach)
        except SideError as error:
            self.sentence = str(error)

    def end(self) -> str:
        self._thread.join(30.0)
        assert not self._thread.is_alive()
        return self.sentence


def pushing(station: Station, arm: str = "left") -> None:
    """Wait until that arm's plate is on the table."""
    until(lambda: station.worlds[arm].scene().tool)


def executed(station: Station, arm: str = "left") -> int:
    return len(station.state()["arms"][arm]["executed"])


def test_a_motion_returns_at_its_end() -> None:
    with twin() as station, side_of(station) as side:
        side.move(QUICK)
        assert executed(station) == 1
        scene = station.worlds["left"].scene()
        assert scene.tool is None
        assert scene.cube[0] == pytest.approx(0.164, abs=1e-3)
        side.move(Reach((-0.1, 0.0), (-0.12, 0.0), 0.1))
        assert executed(station) == 2


def test_both_arms_move_at_the_same_time() -> None:
    with twin() as station, side_of(station) as left, side_of(station, "right") as right:
        motions = [Moving(left, ENDLESS), Moving(right, ENDLESS)]
        pushing(station, "left")
        pushing(station, "right")
        for side in (left, right):
            side.stop()
        assert all("The arm was stopped" in motion.end() for motion in motions)


def test_a_stop_ends_one_arm_s_motion_and_not_the_other_s() -> None:
    with twin() as station, side_of(station) as left, side_of(station, "right") as right:
        mine, theirs = Moving(left, ENDLESS), Moving(right, ENDLESS)
        pushing(station, "left")
        pushing(station, "right")
        left.stop()
        assert "The arm was stopped" in mine.end()
        assert station.irc5.running
        assert left.state()["stop"] == "this arm"
        before = station.worlds["right"].scene()
        until(lambda: station.worlds["right"].scene() != before)
        assert theirs.sentence == ""
        right.stop()
        theirs.end()


def test_a_stop_may_be_told_again_and_again() -> None:
    with twin() as station, side_of(station) as side:
        motion = Moving(side, ENDLESS)
        pushing(station)
        for _ in range(5):
            side.stop()
        motion.end()
        side.move(QUICK)
        assert executed(station) == 2


def test_motors_off_stops_the_whole_robot() -> None:
    with twin() as station, side_of(station) as side:
        motion = Moving(side, ENDLESS)
        pushing(station)
        side.stop(motors_off=True)
        assert station.irc5.state == "motoroff"
        assert "motors" in motion.end()
        assert side.state()["stop"] == "motors off, both arms"
        assert "motors" in side.state()["ready"]


def test_an_arm_that_does_not_come_to_rest_has_the_whole_robot_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with twin() as station, side_of(station, confirm_s=0.1) as side:
        motion = Moving(side, ENDLESS)
        pushing(station)
        write = station.irc5.write
        monkeypatch.setattr(
            station.irc5, "write", lambda task, name, value: name == "iifl_stop" or write(task, name, value)
        )
        side.stop()
        assert not station.irc5.running
        assert side.state()["stop"].startswith("both arms")
        assert "is stopped" in motion.end()


def test_an_arm_that_cannot_be_told_has_the_whole_robot_stopped() -> None:
    with twin() as station, side_of(station, lost_s=0.5) as side:
        motion = Moving(side, ENDLESS)
        pushing(station)
        station.provoke("unload", "left")
        side.stop()
        assert not station.irc5.running
        assert motion.end()


def test_a_stop_that_reaches_nobody_is_an_error() -> None:
    with twin() as station, side_of(station, limit_s=0.3) as side:
        station.provoke("hang")
        with pytest.raises(SideError, match="took longer than"):
            side.stop()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("manual", "guard stop"),
        ("guard_stop", "guard stop"),
        ("emergency_stop", "emergency stop"),
        ("motors_off", "motors"),
        ("stop_program", "is stopped"),
        ("unload", "another program is"),
    ],
)
def test_a_robot_that_takes_no_motion_says_why_before_anything_is_ordered(fault: str, words: str) -> None:
    with twin() as station, side_of(station) as side:
        station.provoke(fault, "left")
        assert words in side.state()["ready"]
        with pytest.raises(SideError, match=words):
            side.move(QUICK)
        station.provoke("recover")
        side.move(QUICK)
        assert executed(station) == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("guard_stop", "guard stop"),
        ("emergency_stop", "emergency stop"),
        ("error", "50204 Motion supervision"),
        ("stop_program", "is stopped"),
    ],
)
def test_a_motion_that_is_halted_on_its_way_is_given_up_for_good(fault: str, words: str) -> None:
    with twin() as station, side_of(station) as side:
        motion = Moving(side, ENDLESS)
        pushing(station)
        station.provoke(fault)
        assert words in motion.sentence or words in motion.end()
        assert "does not go on by itself" in motion.end()
        standing = station.worlds["left"].scene()
        if station.irc5.state != "motoron":
            station.irc5.become("motoron")
        station.provoke("press_start")
        assert Report.of(station.irc5.read("T_ROB_L", "iifl_report")).result == Result.STOPPED
        assert station.worlds["left"].scene() == standing
        assert executed(station) == 1


def test_an_error_that_was_prepared_strikes_in_the_middle_of_a_push() -> None:
    with twin() as station, side_of(station) as side:
        station.provoke("error_in_push", "left", 0.5)
        with pytest.raises(SideError, match="50204 Motion supervision"):
            side.move(QUICK)
        scene = station.worlds["left"].scene()
        assert scene.tool == pytest.approx((0.11, 0.0), abs=2e-3)
        assert scene.cube[0] == pytest.approx(0.134, abs=2e-3)


def test_a_plate_that_comes_down_on_the_cube_is_an_error_of_the_controller() -> None:
    with twin() as station, side_of(station) as side:
        with pytest.raises(SideError, match="50204 Motion supervision"):
            side.move(Reach((0.125, 0.0), (0.15, 0.0), 0.1))
        assert station.worlds["left"].scene().cube == (0.125, 0.0, 0.0)


def test_a_program_that_does_not_listen_has_the_order_withdrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the program pointer is in some other routine that runs."""
    with twin() as station, side_of(station, begin_s=2.0) as side:
        arm = station.irc5.arms["T_ROB_L"]
        monkeypatch.setattr(arm, "advance", lambda now, ratio: None)
        with pytest.raises(SideError, match=r"took no notice .* does not go on by itself"):
            side.move(QUICK)
        monkeypatch.undo()
        until(lambda: Report.of(station.irc5.read("T_ROB_L", "iifl_report")).result == Result.STOPPED)
        assert executed(station) == 0


def test_a_controller_that_falls_silent_leaves_the_end_unknown() -> None:
    with twin() as station, side_of(station, lost_s=0.3) as side:
        motion = Moving(side, ENDLESS)
        pushing(station)
        station.provoke("drop")
        sentence = motion.end()
        assert "What became of the motion is not known" in sentence
        assert "Press the emergency stop" in sentence


def test_a_short_silence_does_not_end_a_motion() -> None:
    with twin() as station, side_of(station) as side:
        motion = Moving(side, Reach((0.08, 0.0), (0.14, 0.0), 0.001))
        pushing(station)
        station.provoke("drop")
        time.sleep(0.3)
        station.provoke("wire_ok")
        assert motion.end() == ""


def test_a_motion_that_takes_far_too_long_is_ended() -> None:
    with twin() as station:
        with side_of(station, travel_s=0.0) as side:
            station.irc5.arms["T_ROB_L"]._factor = 0.01
            with pytest.raises(SideError, match="has not ended after"):
                side.move(Reach((0.08, 0.0), (0.14, 0.0), 0.15))
        until(lambda: Report.of(station.irc5.read("T_ROB_L", "iifl_report")).result == Result.STOPPED)


def test_a_second_motion_at_the_same_time_is_refused() -> None:
    with twin() as station, side_of(station) as side:
        motion = Moving(side, ENDLESS)
        pushing(station)
        with pytest.raises(SideError, match="moving already"):
            side.move(QUICK)
        side.stop()
        motion.end()
        assert executed(station) == 1


def test_the_state_tells_what_people_ask_for() -> None:
    with twin() as station, side_of(station) as side:
        state = dict(side.state())
        assert state.pop("camera") == "there is no camera in this test"
        assert state == {
            "ready": "there is no camera in this test",
            "controller": "motoron",
            "mode": "AUTO",
            "speed": "100 %",
            "program": "running",
        }


def test_the_state_of_a_controller_that_is_away_is_a_sentence() -> None:
    with twin() as station, side_of(station) as side:
        station.provoke("drop")
        assert "no connection to the controller" in side.state()["ready"]
