"""One arm of a YuMi and the camera over it, as the agent drives them."""

import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from robots.remote.side import Picture, Reach, SideError
from robots.yumi.controller import ArmController, OtherProgram

_GIVEN_UP = " The motion was given up and does not go on by itself."


class Camera(Protocol):
    """What a side needs of its camera: robots.yumi.capture.Capture, or another."""

    def newest(self) -> Picture:
        """The newest picture; raises SideError where there is none."""

    def close(self) -> None:
        """Let go of it."""


class YumiSide:
    """Implements robots.remote.side.RobotSide over an ArmController.

    travel_s: the longest that everything but the push itself takes at full speed [s]. begin_s: a motion that
    cannot be ordered within this time is not; one that was, and has not begun after as long again, is
    withdrawn [s]. confirm_s: an arm that has not come to rest by then after its stop has the whole robot
    stopped [s]. lost_s: how long a motion's end may stay out of sight [s]. poll_s: pause between two looks
    for it; controllers have little time for requests [s].
    """

    def __init__(
        self,
        controller: ArmController,
        camera: Camera,
        *,
        travel_s: float = 20.0,
        begin_s: float = 2.0,
        confirm_s: float = 1.0,
        lost_s: float = 5.0,
        poll_s: float = 0.15,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._controller, self._camera, self._clock = controller, camera, clock
        self._travel_s, self._begin_s, self._confirm_s = travel_s, begin_s, confirm_s
        self._lost_s, self._poll_s = lost_s, poll_s
        self._moving = threading.Lock()
        self._told: tuple[float, Mapping[str, str]] = (-math.inf, {})
        self._last_stop = ""

    def look(self) -> Picture:
        """The newest picture; raises SideError where there is none."""
        return self._camera.newest()

    def move(self, reach: Reach) -> None:
        """Order a motion once and wait for its end; see robots.remote.side.RobotSide.move."""
        since, by = self._controller.stops, time.monotonic() + self._begin_s
        if not self._moving.acquire(blocking=False):
            raise SideError("The arm is moving already. Wait for its end; nothing of this motion has begun.")
        try:
            status = self._controller.status()
            if status.trouble():
                raise SideError(status.trouble())
            self._last_stop = ""  # Before the order is out: a stop from here on is this motion's.
            number = self._controller.begin(reach, since, by)
            length = math.dist(reach.begin, reach.end)
            allowed_s = (self._travel_s + 1.5 * length / reach.speed) * 100.0 / status.speed_ratio
            self._wait(number, since, allowed_s)
        finally:
            self._told = (-math.inf, {})
            self._moving.release()

    def stop(self, *, motors_off: bool = False) -> None:
        """Stop this arm alone; the whole robot, where motors_off is asked for or the arm does not obey."""
        self._told = (-math.inf, {})
        if motors_off:
            self._last_stop = "motors off, both arms"
            self._controller.stop_all(motors_off=True)
            return
        self._last_stop = "this arm"
        try:
            self._controller.stop()
            until = self._clock() + self._confirm_s
            while not self._controller.rests():
                if self._clock() >= until:
                    break
                time.sleep(self._poll_s / 2)
            else:
                return
        except SideError:
            self._last_stop = "both arms: this one could not be told"
        else:
            self._last_stop = "both arms: this one did not come to rest"
        self._controller.stop_all()

    def state(self) -> Mapping[str, str]:
        """Asked of the controller once a second, and half as often during a motion; never raises."""
        now = self._clock()
        told_at, told = self._told
        if now - told_at > (2.0 if self._moving.locked() else 1.0):
            told = self._state()
            self._told = (now, told)
        return told

    def close(self) -> None:
        """Let go of camera and controller."""
        self._camera.close()
        self._controller.close()

    def _state(self) -> dict[str, str]:
        stop = {"stop": self._last_stop} if self._last_stop else {}
        try:
            status = self._controller.status()
            trouble = status.trouble()
        except SideError as error:
            return {"ready": str(error), **stop}
        try:
            self._camera.newest()
        except SideError as error:
            return {"ready": trouble or str(error), **status.facts(), "camera": str(error), **stop}
        return {"ready": trouble or "yes", **status.facts(), "camera": "ok", **stop}

    def _wait(self, number: int, since: int, allowed_s: float) -> None:
        """Until the motion has ended as it should; every other end raises SideError, and is made sure of."""
        controller, ordered_at = self._controller, self._clock()
        heard_at, checked_at, begun = ordered_at, ordered_at, False
        while True:
            now = self._clock()
            try:
                progress = controller.progress(number, begun)
                begun, heard_at = progress.begun, now
                if progress.report is not None:
                    if sentence := progress.report.sentence():
                        raise _Ended(sentence)
                    return
                if now - checked_at > 5 * self._poll_s:
                    checked_at = now
                    if not controller.runs():
                        self._give_up(
                            controller.status().trouble() or "The program stood still for a moment."
                        )
            except _Ended:
                raise
            except OtherProgram as error:
                self._give_up(str(error))
            except SideError as error:
                if now - heard_at > self._lost_s:
                    self._give_up(f"{error} What became of the motion is not known.")
            if not begun and now - ordered_at > self._begin_s and controller.stops == since:
                self._give_up(
                    f"The RAPID program took no notice of the motion for {self._begin_s:g} s. Check that the "
                    "program pointer is in main of IIFL_Push."
                )
            if now - ordered_at > allowed_s:
                self._give_up(f"The motion has not ended after {allowed_s:.0f} s. Look at the arm.")
            time.sleep(self._poll_s)

    def _give_up(self, why: str) -> None:
        """Make sure that the order is never carried out later, and raise; the reason comes first."""
        try:
            self._controller.stop()
        except SideError as error:
            raise _Ended(f"{why} It could not be withdrawn: {error} Press the emergency stop.") from error
        raise _Ended(why + _GIVEN_UP)


class _Ended(SideError):
    """A motion has ended otherwise than it should."""
