"""A second arm behind the same agent: it pushes its block, stops where it is, is driven like any other."""

import math
import sys
import threading

import cv2
import numpy as np
import pytest
from remote_house import HERE, PATIENT, Pushes, until

from robots.cartesian.agent import LIMITS
from robots.cartesian.side import LOWERED, CartesianSide
from robots.physical import Ended, Motion, Presence
from robots.remote.fleet import ArmPlace, RemoteFleet
from robots.remote.loopback import Loopback
from robots.remote.side import Reach, SideError
from robots.remote.watching import Frozen

PUSH = Reach((0.03, 0.05), (0.13, 0.05), 0.2)
"""Along x, through where the block stands at first."""


def seen_block(image) -> tuple[float, float]:
    """Centre of what is red, in pixels."""
    red = (image[..., 0] > 150) & (image[..., 1] < 110)
    rows, columns = np.nonzero(cv2.erode(red.astype(np.uint8), np.ones((3, 3), np.uint8)))
    return float(columns.mean()), float(rows.mean())


def test_a_push_moves_the_block_along_and_the_camera_sees_it():
    side = CartesianSide(time_factor=50.0)
    before, seen = side.block(), seen_block(side.look().image)
    side.move(PUSH)
    after, seen_after = side.block(), seen_block(side.look().image)
    assert after[0] - before[0] == pytest.approx(0.13 + 0.01 + 0.025 - before[0], abs=0.015)
    assert abs(after[1] - before[1]) < 0.01
    assert (seen_after[0] - seen[0]) / 680.0 == pytest.approx(after[0] - before[0], abs=0.005)


def test_a_stop_ends_the_motion_where_the_arm_is():
    side = CartesianSide(time_factor=0.5)
    failed = []

    def move() -> None:
        try:
            side.move(PUSH)
        except SideError as error:
            failed.append(str(error))

    mover = threading.Thread(target=move)
    mover.start()
    until(lambda: float(side.state()["tool"].split()[2]) < LOWERED + 0.02, "it is down")
    side.stop(motors_off=True)
    mover.join(10.0)
    assert failed == ["the motion was stopped on its way"]
    assert side.state()["motors"] == "off"
    stood = side.state()["tool"]
    assert side.state()["tool"] == stood


def test_its_camera_is_never_taken_for_a_frozen_one():
    side, frozen = CartesianSide(), Frozen(after_s=0.0)
    for now in range(1, 6):
        frozen.saw(side.look(), float(now))
        assert frozen.trouble(float(now)) == ""


def test_a_time_factor_that_is_none_is_refused():
    for value in (0.0, -1.0, math.nan):
        with pytest.raises(SideError, match="time_factor"):
            CartesianSide(time_factor=value)


class Along(Pushes):
    def plan(self, seen, action):
        return PUSH


def test_it_is_driven_over_ssh_like_any_other_arm(tmp_path):
    command = ["env", f"PYTHONPATH={HERE.parents[1]}", sys.executable, "-m", "robots.cartesian.agent"]
    house = Loopback(
        tmp_path / "ssh", {"arm": [*command, "--state", str(tmp_path / "state"), "--time-factor", "5"]}
    )
    fleet = RemoteFleet([ArmPlace(house.address("arm", "arm"), LIMITS)], [Along()], times=PATIENT)
    try:
        until(lambda: fleet.conditions()[0].presence is Presence.READY, lambda: str(fleet.conditions()))
        before = seen_block(fleet.frames([0])[0].image)
        fleet.begin([Motion("m1", 0, np.zeros(2, np.float32), 20.0)])
        ends = []
        until(lambda: ends.extend(fleet.ended()) or ends, "the end")
        assert ends[0].ended is Ended.DONE, ends[0].detail
        until(lambda: seen_block(fleet.frames([0])[0].image)[0] > before[0] + 20.0, "the block was pushed")
    finally:
        fleet.close()
        house.close()
