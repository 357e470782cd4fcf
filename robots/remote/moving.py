"""One motion at a time in a thread of its own, and the stop that ends it whatever that thread does."""

import threading
import time
from collections.abc import Callable

from robots.remote.journal import Fate, Journal
from robots.remote.keeping import Latch
from robots.remote.messages import Act
from robots.remote.side import Reach, RobotSide, SideError

AGAIN_S = 0.05
"""A stop is told again this often until the motion has ended [s]: it may have come too early."""


class Mover:
    """Moves the arm, never twice for one id. `begin` is for one thread; `stop` and `cut` for any."""

    def __init__(
        self,
        side: RobotSide,
        journal: Journal,
        latch: Latch,
        clock: Callable[[], float],
        tell_end: Callable[[str, Fate], None],
    ) -> None:
        self._side, self._journal, self._latch, self._clock = side, journal, latch, clock
        self._tell_end = tell_end
        self._lock = threading.Lock()
        self._cut = ""
        self._motors_off = False
        self._ended = threading.Event()
        self._ended.set()
        self._telling = 0  # Stops being told: a motion that begins meanwhile would be hit by them.
        self._pursued = ""  # The motion that a thread stops until it has ended.
        self.moving = ""
        """The id of the motion under way."""

    def begin(self, act: Act, acknowledge: Callable[[float], None]) -> None:
        """Begin what was admitted; `acknowledge` hears when, by the agent's clock, before anything moves.

        Raises OSError where the disk does not take it and SideError while a stop is being told; then nothing
        moves.
        """
        with self._lock:
            if self._telling:
                raise SideError("the arm is being stopped; order anew when it stands")
            began_at = self._clock()
            self._journal.begin(act.motion, began_at)
            self._cut, self.moving = "", act.motion
            self._ended.clear()
        acknowledge(began_at)
        reach = Reach(act.begin, act.end, act.speed)
        thread = threading.Thread(target=self._move, args=(act.motion, reach, began_at), daemon=True)
        thread.start()

    def stop(self, reason: str, *, motors_off: bool = False) -> None:
        """Stop now and stay stopped. Raises SideError or OSError where a first try failed."""
        self._latch.reason = reason  # Before all else: nothing begins from here on.
        try:
            self.cut(reason, motors_off=motors_off)
        finally:
            self._latch.set(reason)

    def cut(self, why: str, *, motors_off: bool = False) -> None:
        """Stop now; the next motion may begin. Where a first try failed it raises, and tries on."""
        with self._lock:
            self._cut = self._cut or why
            self._motors_off = self._motors_off or motors_off
            self._telling += 1
        told = False
        try:
            self._side.stop(motors_off=motors_off)
            told = True
        finally:
            self._go_on(told)

    def release(self) -> None:
        """End the stop; raises OSError where the disk does not let it go."""
        with self._lock:
            self._motors_off = False
        self._latch.clear()

    @property
    def cut_why(self) -> str:
        """Why the motion under way is being cut; empty where it goes on."""
        return self._cut

    def wait(self, within_s: float) -> bool:
        """Whether nothing moves, waited for so long [s]."""
        return self._ended.wait(within_s)

    def _go_on(self, told: bool) -> None:
        """After a first try: tell again, in another thread, until it was heard and the motion has ended."""
        with self._lock:
            self._telling -= told
            target = self.moving
            if told and target in ("", self._pursued):
                return
            self._pursued = target
        threading.Thread(target=self._pursue, args=(target, told), name="stop", daemon=True).start()

    def _pursue(self, target: str, told: bool) -> None:
        while True:
            with self._lock:
                if told and (not target or self.moving != target):
                    return
                self._telling += told
                motors_off = self._motors_off
            try:
                self._side.stop(motors_off=motors_off)
                told = True
            except Exception:  # Whatever an integrator's code raises, the arm is told again.
                told = False
            with self._lock:
                self._telling -= told
            self._ended.wait(AGAIN_S) if told else time.sleep(AGAIN_S)

    def _move(self, motion: str, reach: Reach, began_at: float) -> None:
        trouble = ""
        try:
            if not self._cut and not self._latch.reason:
                self._side.move(reach)
        except SideError as error:
            trouble = str(error)
        except Exception as error:  # An integrator's code: the agent outlives it and says so.
            trouble = f"the robot's code failed: {type(error).__name__}: {error}"
        with self._lock:
            fate = self._fate(trouble, began_at)
        self._keep(motion, fate)
        with self._lock:
            self.moving = ""
            self._ended.set()
        self._tell_end(motion, fate)

    def _fate(self, trouble: str, began_at: float) -> Fate:
        cut = self._cut or self._latch.reason
        if not trouble and not cut:
            return Fate("done", "", began_at, self._clock())
        return Fate("cut", " ".join(filter(None, (cut, trouble))), began_at, self._clock())

    def _keep(self, motion: str, fate: Fate) -> None:
        try:
            self._journal.end(motion, fate)
        except OSError:
            return  # It stays open on disk and is `unknown` after a restart, which is never wrong.
