"""A camera that is looked at all the time, so that its newest picture is at hand with its age."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from robots.remote.side import Picture, SideError


class Source(Protocol):
    """Something that yields one picture after another."""

    def read(self) -> Picture:
        """Wait for the next picture; raises SideError where none comes."""

    def close(self) -> None:
        """Let go of the device."""


class Capture:
    """Reads a source in a thread of its own, and opens it anew where it breaks.

    open_source: raises SideError where there is no camera. stale_s: a newest picture older than this is none
    [s]. again_s: pause before it is opened anew [s].
    """

    def __init__(
        self,
        open_source: Callable[[], Source],
        *,
        stale_s: float = 1.0,
        again_s: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open, self._clock = open_source, clock
        self._stale_s, self._again_s = stale_s, again_s
        self._newest: Picture | None = None
        self._trouble = "The camera has not shown anything yet. Wait a moment, then try again."
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def newest(self) -> Picture:
        """The newest picture; raises SideError where there is none, or only an old one."""
        picture, trouble = self._newest, self._trouble
        if picture is None:
            raise SideError(trouble)
        age = self._clock() - picture.captured_at
        if age > self._stale_s:
            raise SideError(
                trouble
                or f"The newest picture is {age:.1f} s old, but may be {self._stale_s:g} s. Check the "
                "camera's cable, and that no other program holds it."
            )
        return picture

    def wait(self, timeout_s: float) -> Picture:
        """The newest picture, waited for; raises SideError where none comes in time."""
        until = self._clock() + timeout_s
        while True:
            try:
                return self.newest()
            except SideError:
                if self._clock() >= until:
                    raise
            self._over.wait(0.02)

    def close(self) -> None:
        """Let go of the camera."""
        self._over.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                source = self._open()
            except SideError as error:
                self._trouble = str(error)
                self._over.wait(self._again_s)
                continue
            try:
                self._read(source)
            except SideError as error:
                self._trouble = str(error)
                self._over.wait(self._again_s)
            finally:
                source.close()

    def _read(self, source: Source) -> None:
        while not self._over.is_set():
            self._newest, self._trouble = source.read(), ""
