"""The controller's client against the simulated controller, over real HTTP with digest authentication."""

import math
import re
import socket
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from abb_robot_client.rws import RWS, ABBException
from yumi_twin import ENDLESS, QUICK, controller_of, twin, until

from robots.remote.side import Reach, SideError
from robots.yumi.controller import OtherProgram, Progress, Rws1Controller
from robots.yumi.credentials import Credentials
from robots.yumi.handshake import Order, Report, Result
from robots.yumi.mastership import Registered, Requested, access_for
from robots.yumi.twin.station import Station


@pytest.fixture
def station() -> Iterator[Station]:
    with twin() as made:
        yield made


@pytest.fixture
def left(station: Station) -> Iterator[Rws1Controller]:
    controller = controller_of(station)
    yield controller
    controller.close()


SOON = math.inf
"""When a test does not care how late an order is out."""


def ended(controller: Rws1Controller, number: int) -> Report:
    """The report of an order, waited for."""
    found: list[Progress] = []
    until(lambda: (found.append(controller.progress(number, False)), found[-1].report)[1])
    assert found[-1].report is not None
    return found[-1].report


def executed(station: Station, arm: str = "left") -> list[int]:
    numbers = station.state()["arms"][arm]["executed"]
    assert isinstance(numbers, list)
    return numbers


def test_a_controller_that_is_well_has_no_trouble(left: Rws1Controller) -> None:
    status = left.status()
    assert status.trouble() == ""
    assert (status.controller, status.mode, status.execution) == ("motoron", "AUTO", "running")
    assert (status.task, status.protocol, status.speed_ratio) == ("T_ROB_L", 1, 100.0)


def test_a_motion_is_carried_out_once_and_acknowledged(station: Station, left: Rws1Controller) -> None:
    number = left.begin(QUICK, 0, SOON)
    assert ended(left, number).result == Result.DONE
    assert executed(station) == [number]
    x, y, _ = station.worlds["left"].scene().cube
    assert (x, y) == pytest.approx((0.164, 0.0), abs=1e-3)
    assert station.worlds["right"].scene().cube[0] == 0.125


def test_a_request_that_is_written_again_moves_nothing(station: Station, left: Rws1Controller) -> None:
    number = left.begin(QUICK, 0, SOON)
    ended(left, number)
    task = "T_ROB_L"
    station.irc5.write(task, "iifl_request", str(number))
    station.irc5.write(task, "iifl_order", Order(1, number, ENDLESS).value())
    station.irc5.write(task, "iifl_request", str(number))
    assert executed(station) == [number]
    assert left.rests()


def test_numbers_go_on_where_an_earlier_program_ended(station: Station, left: Rws1Controller) -> None:
    first = left.begin(QUICK, 0, SOON)
    ended(left, first)
    after = controller_of(station)
    second = after.begin(QUICK, 0, SOON)
    after.close()
    assert second > first


def test_an_acknowledgement_of_another_program_is_not_taken_for_ones_own(
    station: Station, left: Rws1Controller
) -> None:
    number = left.begin(ENDLESS, 0, SOON)
    other = controller_of(station, session=1)
    other.stop()
    theirs = other.begin(QUICK, 1, SOON)
    assert ended(other, theirs).result == Result.DONE
    with pytest.raises(OtherProgram, match="Another program drives T_ROB_L"):
        left.progress(number, True)
    station.irc5.write("T_ROB_L", "iifl_report", Report(2, number, Result.DONE).value())
    with pytest.raises(OtherProgram):
        left.progress(number, True)
    other.close()


def test_an_order_whose_number_was_not_announced_is_refused(station: Station, left: Rws1Controller) -> None:
    station.irc5.write("T_ROB_L", "iifl_order", Order(5, 3, QUICK).value())
    station.irc5.write("T_ROB_L", "iifl_request", "4")
    assert Report.of(station.irc5.read("T_ROB_L", "iifl_report")) == Report(5, 4, Result.MIXED)
    assert executed(station) == []


@pytest.mark.parametrize(
    "reach",
    [
        Reach((0.0, 0.0), (0.25, 0.0), 0.1),
        Reach((-0.25, 0.0), (0.0, 0.0), 0.1),
        Reach((0.0, 0.0), (0.0, 0.1), 0.16),
    ],
)
def test_the_module_has_limits_of_its_own(station: Station, left: Rws1Controller, reach: Reach) -> None:
    assert ended(left, left.begin(reach, 0, SOON)).result == Result.LIMITS
    assert executed(station) == []


def test_a_module_that_was_not_calibrated_moves_nothing(station: Station, left: Rws1Controller) -> None:
    station.irc5.write("T_ROB_L", "iifl_calibrated", "FALSE")
    report = ended(left, left.begin(QUICK, 0, SOON))
    assert report.result == Result.UNCALIBRATED
    assert "docs/yumi.md" in report.sentence()
    assert executed(station) == []


def test_a_stop_ends_the_motion_under_way_and_leaves_the_other_arm_moving(
    station: Station, left: Rws1Controller
) -> None:
    right = controller_of(station, "right")
    mine, theirs = left.begin(ENDLESS, 0, SOON), right.begin(ENDLESS, 0, SOON)
    until(lambda: all(world.scene().tool for world in station.worlds.values()))
    left.stop()
    assert ended(left, mine).result == Result.STOPPED
    assert left.rests()
    standing = station.worlds["left"].scene()
    moving = station.worlds["right"].scene()
    until(lambda: station.worlds["right"].scene().tool != moving.tool)
    assert station.worlds["left"].scene() == standing
    assert right.progress(theirs, True) == Progress(True, None)
    right.close()


def test_an_order_that_would_be_out_too_late_moves_nothing(station: Station, left: Rws1Controller) -> None:
    with pytest.raises(SideError, match="too slowly to begin a motion in time"):
        left.begin(QUICK, 0, time.monotonic() - 0.001)
    assert station.irc5.read("T_ROB_L", "iifl_request") == "0"
    number = left.begin(QUICK, 0, SOON)
    assert ended(left, number).result == Result.DONE
    assert executed(station) == [number]


def test_an_order_from_before_a_stop_never_begins(station: Station, left: Rws1Controller) -> None:
    since = left.stops
    left.stop()
    with pytest.raises(SideError, match="stopped before the motion began"):
        left.begin(QUICK, since, SOON)
    number = left.begin(QUICK, left.stops, SOON)
    assert ended(left, number).result == Result.DONE
    assert executed(station) == [number]


def test_a_stop_between_order_and_announcement_wins(
    station: Station, left: Rws1Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = left._write

    def stopped_in_between(name: str, value: str) -> None:
        if name == "iifl_request":
            left.stop()
        write(name, value)

    monkeypatch.setattr(left, "_write", stopped_in_between)
    number = left.begin(QUICK, 0, SOON)
    assert ended(left, number).result == Result.STOPPED
    assert executed(station) == []


def test_after_a_stop_the_arm_lifts_the_plate_and_moves_again(station: Station, left: Rws1Controller) -> None:
    left.begin(ENDLESS, 0, SOON)
    until(lambda: station.worlds["left"].scene().tool)
    left.stop()
    number = left.begin(Reach((-0.1, 0.1), (-0.1, -0.1), 0.1), left.stops, SOON)
    assert ended(left, number).result == Result.DONE
    assert station.worlds["left"].scene().tool is None


def test_stopping_everything_stops_both_arms_and_the_motors(station: Station, left: Rws1Controller) -> None:
    right = controller_of(station, "right")
    left.begin(ENDLESS, 0, SOON)
    right.begin(ENDLESS, 0, SOON)
    until(lambda: all(world.scene().tool for world in station.worlds.values()))
    left.stop_all(motors_off=True)
    before = [world.scene() for world in station.worlds.values()]
    assert not station.irc5.running
    assert station.irc5.state == "motoroff"
    assert [world.scene() for world in station.worlds.values()] == before
    right.close()


def test_programs_that_are_started_anew_do_not_go_on_with_what_was_halted(
    station: Station, left: Rws1Controller
) -> None:
    number = left.begin(ENDLESS, 0, SOON)
    until(lambda: station.worlds["left"].scene().tool)
    station.provoke("stop_program")
    standing = station.worlds["left"].scene()
    left.start_program()
    assert ended(left, number).result == Result.STALE
    assert left.rests()
    assert station.worlds["left"].scene() == standing


def test_starting_programs_that_run_leaves_them_alone(station: Station, left: Rws1Controller) -> None:
    number = left.begin(ENDLESS, 0, SOON)
    left.start_program()
    assert left.progress(number, False) == Progress(True, None)


def test_programs_do_not_start_in_manual_mode(station: Station, left: Rws1Controller) -> None:
    station.provoke("manual")
    with pytest.raises(SideError, match="would not start its programs"):
        left.start_program()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("manual", "guard stop .* is open"),
        ("guard_stop", "guard stop .* is open"),
        ("emergency_stop", "emergency stop .* is pressed"),
        ("motors_off", "motors .* are off"),
        ("error", r"stopped \(its newest error: 50204 Motion supervision"),
        ("stop_program", "program .* is stopped"),
        ("unload", "another program is"),
        ("speed", "turned down to 0 %"),
    ],
)
def test_every_state_in_which_nothing_moves_has_its_sentence(
    station: Station, left: Rws1Controller, fault: str, words: str
) -> None:
    station.provoke(fault, "left", 0.0)
    trouble = left.status().trouble()
    assert re.search(words, trouble), trouble
    assert trouble.endswith(".")
    if fault == "speed":
        station.provoke("speed", value=100.0)
    station.provoke("recover")
    assert left.status().trouble() == ""


def test_the_event_log_is_told_newest_first(station: Station, left: Rws1Controller) -> None:
    station.provoke("error")
    entries = left.log()
    assert [entry.code for entry in entries] == [50204, 10151]
    assert entries[0].kind == 3
    assert left.log(1) == entries[:1]


def test_a_wrong_password_is_told_apart(station: Station) -> None:
    for credentials in (Credentials("twin", "wrong"), Credentials("nobody", station.credentials.password)):
        controller = controller_of(station, credentials=credentials)
        with pytest.raises(SideError, match="user name or the password"):
            controller.status()
        controller.close()


@pytest.mark.parametrize(("fault", "value"), [("hang", 0.0), ("trickle", 0.05), ("slow", 60.0)])
def test_no_call_outlasts_its_limit(station: Station, fault: str, value: float) -> None:
    controller = controller_of(station, limit_s=0.3)
    station.provoke(fault, value=value)
    began = time.monotonic()
    with pytest.raises(SideError, match=r"took longer than 0\.3 s to tell its tasks"):
        controller.status()
    assert time.monotonic() - began < 30.0
    station.provoke("wire_ok")
    until(lambda: _well(controller))
    controller.close()


def _well(controller: Rws1Controller) -> bool:
    try:
        return controller.status().trouble() == ""
    except SideError:
        return False


def test_a_connection_that_breaks_is_made_anew(station: Station, left: Rws1Controller) -> None:
    left.status()
    station.provoke("drop")
    with pytest.raises(SideError, match="no connection to the controller"):
        left.status()
    station.provoke("wire_ok")
    assert left.status().trouble() == ""


def test_a_stop_does_not_wait_for_a_call_that_hangs(station: Station) -> None:
    """Something else than the controller's answer to `status` may hang: the stop has its own connection."""
    controller = controller_of(station, limit_s=30.0)
    controller.begin(ENDLESS, 0, SOON)
    held, waits = threading.Event(), threading.Event()

    def hang(rws: RWS) -> None:
        waits.set()
        held.wait()

    thread = threading.Thread(target=lambda: controller._work.call("hang", hang))
    thread.start()
    waits.wait()
    controller.stop()
    assert controller.rests()
    held.set()
    thread.join()
    controller.close()


def test_a_controller_that_is_not_there_is_named() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        controller = Rws1Controller(url, "left", Credentials("a", "b"))
        with pytest.raises(SideError, match=url):
            controller.status()
        controller.close()


def test_no_proxy_comes_in_between(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    controller = controller_of(station)
    assert controller.status().trouble() == ""
    controller.close()


def test_arms_and_addresses_are_checked() -> None:
    with pytest.raises(SideError, match="'middle', but must be one of left, right"):
        Rws1Controller("http://127.0.0.1", "middle", Credentials("a", "b"))
    with pytest.raises(SideError, match="must be as http://"):
        Rws1Controller("127.0.0.1", "left", Credentials("a", "b"))


def test_newer_robots_are_refused_in_plain_words() -> None:
    for robotware in (5, 7, 8):
        with pytest.raises(SideError, match="not been tried"):
            access_for(robotware)
    with pytest.raises(SideError, match="not been tried with RobotWare 8"), Registered().held():
        pass
    posts: list[str] = []
    with Requested(posts.append).held():
        posts.append("write")
    assert posts == ["/rw/mastership/edit/request", "write", "/rw/mastership/edit/release"]


def test_the_library_reads_the_rest_of_the_twin_as_it_reads_a_controller(station: Station) -> None:
    rws = RWS(station.addresses.controller, station.credentials.user, station.credentials.password)
    number = controller_of(station).begin(ENDLESS, 0, SOON)
    joints = rws.get_jointtarget("ROB_L")
    target = rws.get_robtarget("ROB_L")
    assert joints.robax.shape == joints.extax.shape == target.extax.shape == (6,)
    assert np.isfinite(target.trans).all()
    until(lambda: abs(rws.get_robtarget("ROB_L").trans[2] - 3.0) < 0.1)
    rws.set_digital_io("do_light", 1)
    assert rws.get_digital_io("do_light") == 1
    rws.set_speedratio(50)
    assert rws.get_speedratio() == 50.0
    assert rws.get_rapid_variable_num("IIFL_Push/iifl_request", "T_ROB_L") == number
    for name, value in (("IIFL_Push/iifl_request", "x"), ("IIFL_Push/nothing", "1")):
        with pytest.raises(ABBException):
            rws.set_rapid_variable(name, value, "T_ROB_L")
    rws.stop()
    assert rws.get_execution_state().ctrlexecstate == "stopped"
    with pytest.raises(ABBException):
        rws.set_controller_state("init")
    rws.resetpp()
    rws.start(cycle="forever", tasks=["T_ROB_L", "T_ROB_R"])
    assert rws.get_execution_state().ctrlexecstate == "running"
    with pytest.raises(ABBException):
        rws.resetpp()
    rws.close()
