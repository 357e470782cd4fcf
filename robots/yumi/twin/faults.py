"""What can be made to go wrong with a simulated robot, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from robots.fleet import RobotsError
from robots.yumi.controller import TASKS
from robots.yumi.twin.camera import CameraTwin
from robots.yumi.twin.camera import Fault as CameraFault
from robots.yumi.twin.irc5 import Irc5Twin
from robots.yumi.twin.server import Wire


class Fault(StrEnum):
    """Something that happens to the robot, its controller, its camera or the network."""

    MANUAL = "manual"
    GUARD_STOP = "guard_stop"
    EMERGENCY_STOP = "emergency_stop"
    MOTORS_OFF = "motors_off"
    ERROR = "error"
    """The motion supervision trips now."""
    ERROR_IN_PUSH = "error_in_push"
    """It trips in the next push of an arm, after a share of the way (value, 0 to 1)."""
    STOP_PROGRAM = "stop_program"
    PRESS_START = "press_start"
    """Somebody lets the stopped program go on where it stands."""
    RECOVER = "recover"
    """Automatic mode, motors on, modules loaded, program pointers to main, programs started."""
    UNLOAD = "unload"
    """Another program is in an arm's task."""
    SPEED = "speed"
    """The speed dial is turned to a value [%]."""
    SLOW = "slow"
    """Every answer is late by a value [s]."""
    TRICKLE = "trickle"
    """Every byte of an answer is late by a value [s]."""
    HANG = "hang"
    """The controller hears and does not answer."""
    DROP = "drop"
    """The controller ends every connection."""
    WIRE_OK = "wire_ok"
    CAMERA_UNPLUGGED = "camera_unplugged"
    CAMERA_FROZEN = "camera_frozen"
    CAMERA_BLACK = "camera_black"
    CAMERA_OK = "camera_ok"


_OF_AN_ARM = {Fault.ERROR_IN_PUSH, Fault.UNLOAD}
_CAMERAS = {
    Fault.CAMERA_UNPLUGGED: CameraFault.UNPLUGGED,
    Fault.CAMERA_FROZEN: CameraFault.FROZEN,
    Fault.CAMERA_BLACK: CameraFault.BLACK,
    Fault.CAMERA_OK: CameraFault.NONE,
}
_STATES = {
    Fault.GUARD_STOP: "guardstop",
    Fault.EMERGENCY_STOP: "emergencystop",
    Fault.MOTORS_OFF: "motoroff",
}


@dataclass(frozen=True)
class Breakable:
    """What faults happen to; arms are named left and right."""

    irc5: Irc5Twin
    wire: Wire
    cameras: Callable[[], Mapping[str, CameraTwin]]

    def provoke(self, fault: str, arm: str | None = None, value: float = 0.0) -> None:
        """Make something happen now; raises RobotsError for a fault or an arm that there is none of."""
        try:
            known = Fault(fault)
        except ValueError:
            raise RobotsError(f"There is no fault {fault!r}; there are {', '.join(Fault)}.") from None
        if known in _OF_AN_ARM | set(_CAMERAS) and arm not in TASKS:
            raise RobotsError(f"The fault {fault} needs an arm, left or right, but got {arm!r}.")
        if known in _CAMERAS:
            self.cameras()[str(arm)].fault = _CAMERAS[known]
        elif known in _STATES:
            self.irc5.become(_STATES[known])
        elif known is Fault.ERROR_IN_PUSH:
            self.irc5.arms[TASKS[str(arm)]].fails_after = value
        elif known is Fault.UNLOAD:
            self.irc5.loaded[TASKS[str(arm)]] = False
        else:
            self._rest(known, value)

    def _rest(self, fault: Fault, value: float) -> None:
        irc5, wire = self.irc5, self.wire
        match fault:
            case Fault.MANUAL:
                irc5.become("guardstop", mode="MANR")
            case Fault.ERROR:
                irc5.collide()
            case Fault.STOP_PROGRAM:
                irc5.stop()
            case Fault.PRESS_START:
                irc5.start()
            case Fault.RECOVER:
                irc5.become("motoron", mode="AUTO")
                irc5.loaded = dict.fromkeys(irc5.loaded, True)
                irc5.start(from_main=True)
            case Fault.SPEED:
                irc5.speed_ratio = value
            case Fault.SLOW:
                wire.delay_s = value
            case Fault.TRICKLE:
                wire.trickle_s = value
            case Fault.HANG:
                wire.whole.clear()
            case Fault.DROP:
                wire.dropped = True
            case Fault.WIRE_OK:
                wire.delay_s, wire.trickle_s, wire.dropped = 0.0, 0.0, False
                wire.whole.set()
