"""Whatever fails between a driver and its arms: nothing moves without a fresh order, and nothing twice."""

import contextlib
import os
import signal
import time
from dataclasses import replace

import pytest
from remote_house import PATIENT, House, gone, until

from robots.physical import Ended, Presence


@pytest.fixture
def house(tmp_path):
    houses = []

    def build(*arguments, **options):
        houses.append(House(tmp_path / f"house{len(houses)}", *arguments, **options))
        return houses[-1]

    yield build
    for built in houses:
        built.close()


def test_a_motion_is_carried_out_once_and_judged_by_a_picture_from_after_it(house):
    arm = house()
    arm.ready()
    end = arm.end(arm.push()[0])
    assert end.ended is Ended.DONE, end.detail
    assert (end.reward, end.success, end.confidence) == (1.0, True, 0.9)
    assert end.began_at < end.ended_at < end.seen_at
    assert abs(end.seen_at - time.time()) < 30.0


def test_a_link_cut_in_the_middle_of_a_push_stops_the_arm_and_the_end_is_asked_for(house):
    arm = house(1, "--motion-s", "20")
    arm.ready()
    motion = arm.push()[0]
    arm.moving()
    arm.loopback.drop()
    end = arm.end(motion)
    assert end.ended is Ended.CUT, end.detail
    assert len(arm.log(0, "move")) == 1
    arm.ready()


def test_a_killed_agent_leaves_a_motion_unknown_and_the_next_agent_stops_the_arm(house):
    arm = house(1, "--motion-s", "20")
    arm.ready()
    motion = arm.push()[0]
    arm.moving()
    os.kill(arm.agent(), signal.SIGKILL)
    end = arm.end(motion)
    assert end.ended is Ended.UNKNOWN
    assert "lost" in end.detail
    assert arm.log(0)[-1]["event"] == "stop"
    arm.ready()


def test_a_stop_passes_a_motion_is_latched_and_outlives_agent_and_link(house):
    arm = house(1, "--motion-s", "20")
    arm.ready()
    motion = arm.push()[0]
    arm.moving()
    asked = time.monotonic()
    arm.fleet.stop("somebody is in the way", motors_off=True)
    assert arm.presence() is Presence.STOPPED
    until(lambda: arm.log(0, "stop"), "the stop reaches the robot")
    assert arm.log(0, "stop")[0]["at"] - asked < 5.0
    assert arm.log(0, "stop")[0]["motors_off"] is True
    end = arm.end(motion)
    assert end.ended is Ended.CUT
    assert "in the way" in end.detail
    os.kill(arm.agent(), signal.SIGTERM)
    until(lambda: len(arm.log(0, "started")) > 1, "another agent")
    assert arm.end(arm.push()[0]).ended is Ended.REFUSED
    assert arm.presence() is Presence.STOPPED
    arm.fleet.release()
    arm.ready()


def test_a_stop_that_only_the_robot_remembers_holds_a_new_driver(house):
    arm = house()
    arm.ready()
    arm.fleet.stop("for the night")
    until(lambda: "confirmed" not in arm.reason(), "the stop is confirmed")
    arm.fleet.close()
    arm.fleet = arm.new_fleet()
    until(lambda: arm.presence() is Presence.STOPPED, "the new driver sees it")
    assert "for the night" in arm.reason()
    arm.fleet.release()
    arm.ready()


def test_a_camera_that_is_unplugged_keeps_the_arm_away_until_it_is_back(house):
    arm = house()
    arm.ready()
    flag = arm.sides[0] / "unplugged"
    flag.touch()
    until(lambda: arm.presence() is Presence.AWAY, "away")
    assert "cable" in arm.reason()
    assert arm.end(arm.push()[0]).ended is Ended.REFUSED
    flag.unlink()
    arm.ready()


def test_a_frozen_camera_is_noticed_though_pictures_go_on(house):
    arm = house(1, "--frozen-s", "0.5")
    arm.ready()
    flag = arm.sides[0] / "frozen"
    flag.touch()
    until(lambda: "same picture since" in arm.reason(), "noticed")
    assert arm.presence() is Presence.AWAY
    flag.unlink()
    arm.ready()


def test_a_robot_in_an_error_state_is_away_with_its_own_sentence(house):
    arm = house()
    arm.ready()
    (arm.sides[0] / "trouble").write_text("the controller is in manual mode; turn the key to automatic")
    until(lambda: "turn the key" in arm.reason(), "told")
    (arm.sides[0] / "trouble").unlink()
    arm.ready()


@pytest.mark.parametrize("skew", ["3600", "-3600"])
def test_clocks_an_hour_apart_change_nothing(house, skew):
    arm = house(1, f"--skew-s={skew}")
    arm.ready()
    end = arm.end(arm.push()[0])
    assert end.ended is Ended.DONE, end.detail
    assert abs(end.seen_at - time.time()) < 30.0
    assert abs(arm.fleet.frames([0])[0].captured_at - time.time()) < 30.0


def test_a_second_driver_is_refused_in_a_sentence_until_the_first_is_gone(house):
    arm = house()
    arm.ready()
    first = arm.fleet
    arm.fleet = second = arm.new_fleet(driver="the second")
    until(lambda: "driven by" in arm.reason(), "refused")
    assert arm.end(arm.push()[0]).ended is Ended.REFUSED
    arm.fleet = first
    assert arm.end(arm.push()[0]).ended is Ended.DONE
    first.close()
    arm.fleet = second
    arm.ready()
    assert arm.end(arm.push()[0]).ended is Ended.DONE


@pytest.mark.slow(15)
def test_one_lost_arm_delays_no_other(house):
    arms = house(2, times=replace(PATIENT, silent_s=2.0))
    arms.ready()
    frozen = arms.agent(0)
    os.kill(frozen, signal.SIGSTOP)
    try:
        until(lambda: arms.presence(0) is Presence.AWAY, "the silent arm is away")
        for _ in range(3):
            arms.ready([1])
            assert arms.end(arms.push(1)[0]).ended is Ended.DONE
    finally:
        with contextlib.suppress(ProcessLookupError):  # Whoever started it may have ended it meanwhile.
            os.kill(frozen, signal.SIGCONT)
    arms.ready()


def test_a_closed_fleet_stops_what_moves_and_lets_agents_end(house):
    arm = house(1, "--motion-s", "20")
    arm.ready()
    motion = arm.push()[0]
    arm.moving()
    arm.fleet.close()
    assert arm.end(motion).ended is Ended.UNKNOWN
    until(lambda: arm.log(0, "cut"), "stopped")
    until(lambda: gone(arm.agent()), "the agent ends")
