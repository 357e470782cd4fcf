"""What drives one arm of a robot: the interface, and YuMi's IRC5 behind it through Robot Web Services 1.0."""

import random
import threading
import time
from typing import NamedTuple, Protocol

from abb_robot_client.rws import RWS

from robots.remote.side import Reach, SideError
from robots.yumi.credentials import Credentials
from robots.yumi.handshake import LARGEST_SESSION, MODULE, Order, Report, next_number
from robots.yumi.mastership import Implied, WriteAccess
from robots.yumi.rws import Line, Refused
from robots.yumi.status import LogEntry, Status

TASKS = {"left": "T_ROB_L", "right": "T_ROB_R"}
"""RAPID tasks of YuMi's arms."""


class OtherProgram(SideError):
    """Somebody else drives the arm, too."""


class Progress(NamedTuple):
    """How far one order has come."""

    begun: bool
    report: Report | None
    """Its end; None until then."""


class ArmController(Protocol):
    """One arm. Every method ends in time, and raises SideError where the controller does not do as asked.

    `stop`, `stop_all` and `rests` may come from other threads than the one that called `begin`.
    """

    task: str
    stops: int
    """How often `stop` was called; `begin` refuses an order from before the last of them."""

    def status(self) -> Status:
        """How controller and arm are."""

    def runs(self) -> bool:
        """Whether motors are on and programs run; a small part of `status`, to be asked often."""

    def begin(self, reach: Reach, since: int, by: float) -> int:
        """Order a motion and return its number; moves nothing where `stops` is no longer `since`, or where
        the order would be out later than `by` by time.monotonic() [s]."""

    def progress(self, number: int, begun: bool) -> Progress:
        """How far an order has come; begun: whether it is known to have begun."""

    def stop(self) -> None:
        """Stop this arm, and whatever was ordered for it so far, for good; the other arm goes on."""

    def rests(self) -> bool:
        """Whether no order of anybody's is being carried out by this arm."""

    def stop_all(self, *, motors_off: bool = False) -> None:
        """Stop every arm of the robot, and switch its motors off if asked to."""

    def start_program(self) -> None:
        """Run both arms' programs from main, where they stand; nothing of before goes on."""

    def log(self, newest: int = 20) -> list[LogEntry]:
        """The newest entries of the event log, newest first."""

    def close(self) -> None:
        """End the connection."""


class Rws1Controller:
    """An arm of a YuMi with IRC5 and RobotWare 6, in whose task the RAPID module IIFL_Push runs.

    A stop has a connection of its own, so nothing that hangs delays it. limit_s: the longest that one call
    lasts [s]. session: tells this program's orders from those of another; drawn unless given.
    """

    def __init__(
        self,
        url: str,
        arm: str,
        credentials: Credentials,
        *,
        limit_s: float = 3.0,
        access: WriteAccess | None = None,
        session: int | None = None,
    ) -> None:
        if arm not in TASKS:
            raise SideError(f"The arm is {arm!r}, but must be one of {', '.join(TASKS)}.")
        if not url.startswith(("http://", "https://")):
            raise SideError(f"The controller's address is {url!r}, but must be as http://192.168.125.1")
        self.task = TASKS[arm]
        self.stops = 0
        self._session = session or random.SystemRandom().randint(1, LARGEST_SESSION)
        self._access = access or Implied()
        self._work, self._halt = Line(url, credentials, limit_s), Line(url, credentials, limit_s)
        self._lock = threading.Lock()
        self._last = 0  # The newest number that this program gave to an order.

    def status(self) -> Status:
        """How controller and arm are; raises SideError where it does not say."""
        ask = self._work.call
        tasks = ask("tell its tasks", RWS.get_tasks)
        task = tasks.get(self.task)
        execution = str(ask("tell whether its program runs", RWS.get_execution_state).ctrlexecstate)
        return Status(
            controller=ask("tell its state", RWS.get_controller_state),
            mode=ask("tell its mode", RWS.get_operation_mode),
            speed_ratio=ask("tell its speed", RWS.get_speedratio),
            execution=execution,
            task=self.task,
            task_there=task is not None,
            task_active=task is not None and bool(task.active),
            protocol=self._protocol() if task is not None else None,
            last_error=None if execution == "running" else self._newest_error(),
        )

    def runs(self) -> bool:
        """Two requests, where `status` takes seven: a controller has little time for them."""
        state = self._work.call("tell its state", RWS.get_controller_state)
        execution = self._work.call("tell whether its program runs", RWS.get_execution_state)
        return bool(state == "motoron" and execution.ctrlexecstate == "running")

    def begin(self, reach: Reach, since: int, by: float) -> int:
        """Write an order, then its number; the arm acts on the number alone, and once."""
        used = int(float(self._read("iifl_request"))), int(float(self._read("iifl_stop")))
        with self._lock:
            number = self._last = next_number(self._last, *used)
            if self.stops != since:  # Else a stop that comes from here on knows this number.
                raise SideError("The arm was stopped before the motion began; nothing moved.")
        with self._access.held():
            self._write("iifl_order", Order(self._session, number, reach).value())
            if time.monotonic() > by:
                raise SideError(
                    f"The controller at {self._work.url} answers too slowly to begin a motion in time; "
                    "nothing moved. Look for what else keeps it or its network busy, then try again."
                )
            self._write("iifl_request", str(number))
        return number

    def progress(self, number: int, begun: bool) -> Progress:
        """Raises OtherProgram where somebody else's orders came in between."""
        report = Report.of(self._read("iifl_report"))
        if report.number == number and report.session == self._session:
            return Progress(True, report)
        if report.number >= number:
            raise OtherProgram(
                f"Another program drives {self.task}: it had motion {report.number} carried out, and what "
                f"became of motion {number} is not known. End that program, then try again."
            )
        if not begun:
            mine = Report.of(self._read("iifl_begun"))
            begun = mine.number == number and mine.session == self._session
        return Progress(begun, None)

    def stop(self) -> None:
        """Write that everything up to the newest number is stopped; the task's interrupt does the rest."""
        with self._lock:
            self.stops += 1
            newest = self._last
        with self._access.held():
            requested = self._halt.call("tell the newest order", lambda rws: self._get(rws, "iifl_request"))
            number = max(newest, int(float(requested)))
            self._halt.call(
                "stop the arm",
                lambda rws: rws.set_rapid_variable(_symbol("iifl_stop"), str(number), self.task),
            )

    def rests(self) -> bool:
        """False, too, for a motion that was halted with its program."""
        begun = Report.of(self._halt.call("read iifl_begun", lambda rws: self._get(rws, "iifl_begun")))
        report = Report.of(self._halt.call("read iifl_report", lambda rws: self._get(rws, "iifl_report")))
        return report.number >= begun.number

    def stop_all(self, *, motors_off: bool = False) -> None:
        """Stop the programs of both arms; the motors, too, are shared by both."""
        with self._lock:
            self.stops += 1
        try:
            self._halt.call("stop its programs", RWS.stop)
        finally:
            if motors_off:
                self._halt.call("switch its motors off", lambda rws: rws.set_controller_state("motoroff"))

    def start_program(self) -> None:
        """Does nothing where they run: the other arm may be moving. Raises SideError where they do not start,
        as in manual mode or with motors off."""
        execution = self._work.call("tell whether its program runs", RWS.get_execution_state)
        if execution.ctrlexecstate == "running":
            return
        with self._access.held():
            self._work.call("set its program pointers to main", RWS.resetpp, again=False)
            self._work.call(
                "start its programs",
                lambda rws: rws.start(cycle="forever", tasks=list(TASKS.values())),
                again=False,
            )

    def log(self, newest: int = 20) -> list[LogEntry]:
        """The newest entries of the event log, newest first."""
        entries = self._work.call("tell its event log", RWS.read_event_log)
        told = [LogEntry(e.seqnum, e.msgtype, e.code, str(e.tstamp), e.title) for e in entries]
        return sorted(told, key=lambda entry: entry.number, reverse=True)[:newest]

    def close(self) -> None:
        """End both sessions at the controller."""
        self._work.close()
        self._halt.close()

    def _protocol(self) -> int | None:
        try:
            return int(float(self._read("iifl_protocol")))
        except Refused:
            return None

    def _newest_error(self) -> LogEntry | None:
        return next((entry for entry in self.log(50) if entry.kind == 3), None)

    def _read(self, name: str) -> str:
        return self._work.call(f"read {name}", lambda rws: self._get(rws, name))

    def _get(self, rws: RWS, name: str) -> str:
        return str(rws.get_rapid_variable(_symbol(name), self.task))

    def _write(self, name: str, value: str) -> None:
        self._work.call(f"write {name}", lambda rws: rws.set_rapid_variable(_symbol(name), value, self.task))


def _symbol(name: str) -> str:
    return f"{MODULE}/{name}"
