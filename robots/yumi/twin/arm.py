"""What the RAPID module does in one arm's task, by the clock: no thread, only what is true at a moment."""

import math
from dataclasses import dataclass

from robots.remote.side import Reach
from robots.yumi.handshake import Order, Report, Result
from robots.yumi.twin.path import Path, Place, Speeds, plan
from robots.yumi.twin.symbols import Symbols
from robots.yumi.twin.world import WorldError, WorldTwin

LONGEST_PAUSE_S = 1.0
"""An order that waited for a halted program this long is dropped, as in the module [s]."""
_NEAR = 0.03


@dataclass(frozen=True)
class _Motion:
    order: Order
    path: Path
    fails_at: float = math.inf
    """When the controller's motion supervision will stop it."""


class ArmTwin:
    """One arm: its variables, its plate, and the table under it. The caller holds the controller's lock.

    fails_after: share of the next push after which something is hit, or None; used up by one motion.
    """

    def __init__(self, world: WorldTwin, factor: float) -> None:
        self.symbols = Symbols()
        self.world = world
        self.executed: list[Order] = []
        """Every order that moved the arm, in sequence."""
        self.fails_after: float | None = None
        self._factor = factor
        x, y, z = (number / 1000.0 for number in self.symbols.numbers("iifl_ready")[:3])
        self._home: Place = (x, y, z)
        self._here = self._home
        self._motion: _Motion | None = None
        self._halted_at: float | None = -math.inf
        """Since when the program stands; None while it runs."""

    def place(self, now: float) -> Place:
        """Where the plate is [m]."""
        if self._motion is None:
            return self._here
        return self._motion.path.at(now if self._halted_at is None else self._halted_at)

    @property
    def moving(self) -> bool:
        """Whether an order is being carried out, by a program that runs."""
        return self._motion is not None and self._halted_at is None

    def advance(self, now: float, ratio: float) -> float | None:
        """Let everything happen that has, by now; the moment of a collision where there was one."""
        if self._halted_at is not None:
            return None
        motion = self._motion
        if motion is not None:
            if self.symbols.number("iifl_stop") >= motion.order.number:
                self._end(motion, Result.STOPPED, now)
            elif now >= motion.fails_at:
                return motion.fails_at
            elif now >= motion.path.ends:
                self._end(motion, Result.DONE, now)
        if self._motion is None and self._waits():
            self._carry_out(now, ratio)
        return None

    def halt(self, at: float) -> None:
        """The program stops where it is; what moves stands still."""
        if self._halted_at is None:
            self._halted_at = at
            if self._motion is not None:
                self.world.halt(at)

    def pointer_to_main(self) -> None:
        """Only while halted: what was under way will not go on."""
        if self._motion is not None and self._halted_at is not None:
            self._here = self._motion.path.at(self._halted_at)
        self._motion = None

    def run(self, now: float, *, from_main: bool) -> None:
        """The program starts, or goes on where it stood."""
        halted_at, self._halted_at = self._halted_at, None
        paused_s = 0.0 if halted_at is None else now - halted_at
        if self._waits() and self._motion is None and (from_main or paused_s > LONGEST_PAUSE_S):
            self._tell(round(self.symbols.number("iifl_request")), Result.STALE)
        if self._motion is not None and halted_at is not None:
            motion = self._motion
            if self.symbols.number("iifl_stop") >= motion.order.number:
                self._end(motion, Result.STOPPED, halted_at)
                return
            path = motion.path.rest(halted_at, now)
            self._motion = _Motion(motion.order, path)
            if path.touches < 0:
                self.world.lift()
            else:
                self._sweep(path)

    def _waits(self) -> bool:
        return self.symbols.number("iifl_request") > Report.of(self.symbols.read("iifl_report")).number

    def _carry_out(self, now: float, ratio: float) -> None:
        order = Order.of(self.symbols.read("iifl_order"))
        requested = round(self.symbols.number("iifl_request"))
        if order.number != requested:
            return self._tell(requested, Result.MIXED)
        refusal = self._why_not(order.reach)
        if refusal is not None:
            return self._tell(order.number, refusal)
        if self.symbols.number("iifl_stop") >= order.number:
            return self._tell(order.number, Result.STOPPED)
        self.symbols.write("iifl_begun", Report(order.session, order.number, 0).value())
        self.executed.append(order)
        path = plan(self._here, order.reach, self._home, self._speeds(ratio), now)
        fails_at = math.inf if self._sweep(path) else path.times[path.touches]
        if self.fails_after is not None:
            begins, ends = path.times[path.touches], path.times[path.touches + 1]
            fails_at, self.fails_after = begins + self.fails_after * (ends - begins), None
            self.world.halt(fails_at)
        self._motion = _Motion(order, path, fails_at)

    def _sweep(self, path: Path) -> bool:
        """Whether the plate comes down beside the cube, not on it."""
        begin, end = path.corners[path.touches][:2], path.corners[path.touches + 1][:2]
        try:
            self.world.sweep(begin, end, path.moments())
        except WorldError:
            return False
        return True

    def _why_not(self, reach: Reach) -> Result | None:
        left, bottom, right, top, fastest = (n / 1000.0 for n in self.symbols.numbers("iifl_limits"))
        if not self.symbols.number("iifl_calibrated"):
            return Result.UNCALIBRATED
        for x, y in (reach.begin, reach.end):
            if not (left <= x <= right and bottom <= y <= top):
                return Result.LIMITS
        if not 0.0 < reach.speed <= fastest:
            return Result.LIMITS
        x, y, z = self._here
        over = left - _NEAR <= x <= right + _NEAR and bottom - _NEAR <= y <= top + _NEAR
        low = -_NEAR <= z <= self._home[2] + _NEAR
        if not (math.dist(self._here, self._home) <= _NEAR or (over and low)):
            return Result.ELSEWHERE
        return None

    def _end(self, motion: _Motion, result: Result, now: float) -> None:
        self._here = motion.path.at(now)
        self._motion = None
        if result is Result.STOPPED:
            self.world.halt(now)
        self._tell(motion.order.number, result)

    def _tell(self, number: int, result: Result) -> None:
        session = Order.of(self.symbols.read("iifl_order")).session
        self.symbols.write("iifl_report", Report(session, number, result).value())

    def _speeds(self, ratio: float) -> Speeds:
        number = self.symbols.number
        return Speeds(
            travel=number("iifl_travel_speed") / 1000.0,
            travel_height=number("iifl_travel_height") / 1000.0,
            push_height=number("iifl_push_height") / 1000.0,
            factor=self._factor * max(ratio, 0.1) / 100.0,
        )
