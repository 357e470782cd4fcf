"""What one robot's task makes of its pictures, in a thread of its own: reading one may take long."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from robots.fleet import FleetError
from robots.remote.side import Reach, SideError
from robots.remote.task import Outcome, RemoteTask, Seen
from robots.remote.watching import from_jpeg


@dataclass(frozen=True)
class Shot:
    """One picture as it came."""

    jpeg: bytes
    stamp: float
    """Capture time by the agent's clock [s]."""
    captured: float
    """The same by this machine's `time.monotonic()` [s]."""
    captured_at: float
    """The same since the epoch, by this process's clock [s], as is `arrived_at`."""
    arrived_at: float
    error_s: float
    """`captured_at` is wrong by at most this [s]."""


@dataclass(frozen=True)
class Sight:
    """One picture, read."""

    shot: Shot
    seen: Seen
    image: NDArray[np.uint8]
    """(H, W, 3), RGB."""


class Eyes:
    """The only one who calls the task, one call at a time. Pictures that come too fast are left out."""

    def __init__(self, task: RemoteTask, on_sight: Callable[[Sight], None]) -> None:
        """on_sight is called in this object's thread."""
        self._task, self._on_sight = task, on_sight
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="eyes")
        self._swap = threading.Lock()
        self._waiting: Shot | None = None
        self._reset_wanted = True  # The first picture is where the first episode begins.
        self.newest: Sight | None = None
        self.trouble = ""
        """Why the newest picture could not be read at all."""

    def show(self, shot: Shot) -> None:
        """A new picture; returns at once."""
        with self._swap:
            idle, self._waiting = self._waiting is None, shot
        if idle:
            self._thread.submit(self._look)

    def plan(self, sight: Sight, action: NDArray[np.float32]) -> Reach:
        """The motion for an action; raises FleetError where the task has none."""
        with self._lock:
            return self._task.plan(sight.seen, action)

    def judge(self, before: Sight, after: Sight) -> "Future[Outcome]":
        """What a motion came to, in this object's thread."""
        return self._thread.submit(self._judge, before, after)

    def reset(self) -> None:
        """A new goal, now or with the first picture."""
        with self._lock:
            sight = self.newest
            if sight is None or sight.seen.trouble:
                self._reset_wanted = True
                return
            self._task.reset(sight.seen)
            self.newest = self._read(sight.shot, sight.image)

    def put_right(self) -> str:
        """Begin again after a hard reset; a sentence where the picture does not agree."""
        with self._lock:
            sight = self.newest
            if sight is None:
                return "no picture has come yet"
            if why := self._task.put_right(sight.seen):
                return why
            self.newest = self._read(sight.shot, sight.image)
            return ""

    def close(self) -> None:
        """Read no more; what is being read is left to itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _look(self) -> None:
        with self._swap:
            shot, self._waiting = self._waiting, None
        if shot is None:
            return
        try:
            image = from_jpeg(shot.jpeg)
            with self._lock:
                sight = self._read(shot, image)
                if self._reset_wanted and not sight.seen.trouble:
                    self._task.reset(sight.seen)
                    self._reset_wanted = False
                    sight = self._read(shot, image)
                self.newest, self.trouble = sight, ""
        except SideError as error:
            self.trouble = str(error)
        except Exception as error:  # A task from outside: its robot stands, the others go on.
            self.trouble = f"the task's code failed on a picture: {type(error).__name__}: {error}"
        else:
            self._on_sight(sight)

    def _read(self, shot: Shot, image: NDArray[np.uint8]) -> Sight:
        seen = self._task.read(image, shot.captured_at)
        return Sight(shot, replace(seen, frame=replace(seen.frame, captured_at=shot.captured_at)), image)

    def _judge(self, before: Sight, after: Sight) -> Outcome:
        with self._lock:
            return self._task.judge(before.seen, after.seen)


def checked(reach: Reach, name: str) -> Reach:
    """A plan with plain numbers; raises FleetError for one that has none."""
    try:
        begin = (float(reach.begin[0]), float(reach.begin[1]))
        end = (float(reach.end[0]), float(reach.end[1]))
        return Reach(begin, end, float(reach.speed))
    except (TypeError, ValueError, IndexError) as error:
        raise FleetError(f"the plan for {name} is {reach!r}, which is no motion") from error
