"""A simulated IRC5 controller with two arms: what it is asked for, and the states that stop it."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from robots.fleet import RobotsError
from robots.yumi.controller import TASKS
from robots.yumi.handshake import MODULE
from robots.yumi.twin.arm import ArmTwin
from robots.yumi.twin.path import Place
from robots.yumi.twin.world import WorldTwin

UNITS = {"ROB_L": "T_ROB_L", "ROB_R": "T_ROB_R"}
"""Mechanical units, and the tasks that move them."""
_CLEAR = "motoron"


class ControllerError(RobotsError):
    """The controller refuses; code as in Robot Web Services."""

    def __init__(self, message: str, code: int = -1073445872) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Entry:
    """One entry of the event log."""

    number: int
    kind: int
    code: int
    at: str
    title: str


class Irc5Twin:
    """A controller and its two arms, at every moment what the clock says. Every method may be called from
    any thread.

    worlds: task → the table under its arm. factor: how many times faster than the real one everything moves.
    """

    def __init__(
        self,
        worlds: Mapping[str, WorldTwin],
        factor: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 0.0 < factor <= 1000.0:
            raise RobotsError(f"The time factor is {factor!r}, but must be above 0 and at most 1000.")
        self.arms = {task: ArmTwin(worlds[task], factor) for task in TASKS.values()}
        self.state, self.mode, self.speed_ratio = _CLEAR, "AUTO", 100.0
        self.loaded = dict.fromkeys(self.arms, True)
        """Whether the module is in a task."""
        self.active = dict.fromkeys(self.arms, True)
        self.signals = {"do_light": 0}
        self._clock, self._lock = clock, threading.RLock()
        self._running = self._pointed = False
        self._log: list[Entry] = []
        self.start(from_main=True)

    @property
    def running(self) -> bool:
        """Whether the RAPID programs run."""
        with self._lock:
            self._advance()
            return self._running

    def start(self, *, from_main: bool = False) -> None:
        """Run the programs of both arms, from where they stand or from main."""
        with self._lock:
            now = self._advance()
            if self._running:
                raise ControllerError("Operation not allowed while the program runs")
            if self.state != _CLEAR or self.mode not in ("AUTO", "MANR"):
                raise ControllerError(f"Operation not allowed in state {self.state} and mode {self.mode}")
            self._running = True
            from_main, self._pointed = from_main or self._pointed, False
            for arm in self.arms.values():
                if from_main:
                    arm.pointer_to_main()
                arm.run(now, from_main=from_main)
            self._note(1, 10151, "Program started", now)

    def stop(self) -> None:
        """Stop the programs of both arms where they are."""
        with self._lock:
            self._halt(self._advance(), 1, 10125, "Program stopped")

    def pointer_to_main(self) -> None:
        """Raises ControllerError while the programs run."""
        with self._lock:
            self._advance()
            if self._running:
                raise ControllerError("Operation not allowed while the program runs")
            for arm in self.arms.values():
                arm.pointer_to_main()
            self._pointed = True

    def become(self, state: str, *, mode: str | None = None) -> None:
        """Put the controller into a state and a mode, as a person or a safety device does."""
        with self._lock:
            now = self._advance()
            self.mode = mode or self.mode
            self.state = state
            if state != _CLEAR or mode is not None:
                self._halt(now, 1, 10125, "Program stopped")
            if state == "emergencystop":
                self._note(3, 10013, "Emergency stop state", now)

    def collide(self, now: float | None = None) -> None:
        """The motion supervision of an arm trips: every program stops with an error."""
        with self._lock:
            at = self._advance() if now is None else now
            self._halt(at, 3, 50204, "Motion supervision")

    def read(self, task: str, name: str) -> str:
        """A variable of the module in a task."""
        with self._lock:
            self._advance()
            return self._arm(task).symbols.read(name)

    def write(self, task: str, name: str, value: str) -> None:
        """Write a variable; what follows from it happens at once."""
        with self._lock:
            self._advance()
            self._arm(task).symbols.write(name, value)
            self._advance()

    def place(self, task: str) -> Place:
        """Where an arm's plate is, in its workspace [m]."""
        with self._lock:
            return self.arms[task].place(self._advance())

    def log(self) -> list[Entry]:
        """The event log, oldest first."""
        with self._lock:
            self._advance()
            return list(self._log)

    def _arm(self, task: str) -> ArmTwin:
        if task not in self.arms:
            raise ControllerError(f"RAPID task {task} not found", -1073442811)
        if not self.loaded[task]:
            raise ControllerError(f"RAPID symbol {MODULE} not found in {task}", -1073442811)
        return self.arms[task]

    def _advance(self) -> float:
        now = self._clock()
        for task, arm in self.arms.items():
            if self._running and self.loaded[task] and self.active[task]:
                collided_at = arm.advance(now, self.speed_ratio)
                if collided_at is not None:
                    self.collide(collided_at)
        return now

    def _halt(self, at: float, kind: int, code: int, title: str) -> None:
        if self._running:
            self._running = False
            for arm in self.arms.values():
                arm.halt(at)
            self._note(kind, code, title, at)

    def _note(self, kind: int, code: int, title: str, at: float) -> None:
        stamp = datetime.fromtimestamp(time.time() + at - self._clock()).strftime("%Y-%m-%d T %H:%M:%S")
        self._log.append(Entry(len(self._log) + 1, kind, code, stamp, title))
        del self._log[:-1000]
