"""A recorded session, shown again: to the perception that reads its pictures, and to pages."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robots.checks import check_ids
from robots.fleet import Frame
from robots.frames import no_picture
from robots.physical import Condition, Ended, Motion, MotionEnd, Presence
from robots.remote.chunks import Event, RecordError, about_record, read_record
from robots.remote.side import SideError
from robots.remote.task import Outcome, RemoteTask, Seen
from robots.remote.watching import from_jpeg


@dataclass(frozen=True)
class Judged:
    """A recorded motion, and what the perception makes of its pictures now."""

    motion: Event
    then: Outcome
    now: Outcome


class Reader:
    """Reads recorded pictures with the tasks of their arms, in the order of time."""

    def __init__(self, tasks: Sequence[RemoteTask]) -> None:
        self._tasks = tasks
        self.seen: dict[int, Seen] = {}
        """Robot → what its newest picture shows."""
        self._before: dict[int, Seen] = {}
        self._after: dict[int, Seen] = {}
        self._begun: set[int] = set()

    def picture(self, event: Event) -> Seen:
        """Take in a picture; raises RecordError for one that cannot be read."""
        robot = int(event.fields["robot"])
        try:
            image = from_jpeg(event.jpeg)
        except SideError as error:
            raise RecordError(f"a picture of robot {robot} cannot be read: {error}") from error
        task = self._tasks[robot]
        seen = task.read(image, float(event.fields["captured_at"]))
        if robot not in self._begun and not seen.trouble:
            self._begun.add(robot)
            task.reset(seen)
        use = event.fields["use"]
        if use in ("before", "after"):
            (self._before if use == "before" else self._after)[robot] = seen
        self.seen[robot] = seen
        return seen

    def motion(self, event: Event) -> Judged | None:
        """Judge a motion that was carried out, by the pictures before and after it; None without them."""
        robot = int(event.fields["robot"])
        before, after = self._before.pop(robot, None), self._after.pop(robot, None)
        if event.fields["ended"] != Ended.DONE or before is None or after is None:
            return None
        told = event.fields
        then = Outcome(told["reward"], told["done"], told["violation"], told["success"], told["confidence"])
        now = self._tasks[robot].judge(before, after)
        if then.done:
            self._tasks[robot].reset(after)
        return Judged(event, then, now)


def judged_again(folder: Path, tasks: Sequence[RemoteTask]) -> Iterator[Judged | Seen]:
    """What perception makes of a recording now: pictures as they are read, motions as they are judged.

    A motion's pictures are written after its end, so they are looked for until the robot's next one.
    Raises RecordError.
    """
    reader = Reader(tasks)
    waiting: dict[int, Event] = {}
    for event in read_record(folder):
        robot = int(event.fields["robot"])
        if event.kind == "motion":
            waiting[robot] = event
            continue
        yield reader.picture(event)
        if event.fields["use"] == "after" and robot in waiting:
            judged = reader.motion(waiting.pop(robot))
            if judged is not None:
                yield judged


class ReplayFleet:
    """Implements robots.physical.PhysicalFleet: robots that are only shown; every order is refused."""

    resets_itself = False
    sure = 0.0
    slowest_s = 1.0

    def __init__(
        self, folder: Path, tasks: Sequence[RemoteTask], *, clock: Callable[[], float] = time.time
    ) -> None:
        """Plays from now on, as fast as it was; raises RecordError for what is no recording."""
        self.names = [str(name) for name in about_record(folder)["arms"]]
        self.task, self.spaces = tasks[0].name, tasks[0].spaces
        self.episode_length, self.size = tasks[0].episode_length, len(tasks)
        self._events = read_record(folder)
        self._reader = Reader(tasks)
        self._clock = clock
        self._lock = threading.Lock()
        self._next = next(self._events, None)
        self._later = 0.0 if self._next is None else clock() - self._next.at
        self._refused: list[MotionEnd] = []

    def conditions(self) -> list[Condition]:
        """Nobody can order anything of a recording."""
        over = self._play() is None
        why = "The recording has ended." if over else "This is a recording: it is shown, and takes no motion."
        return [Condition(Presence.AWAY, why)] * self.size

    def observe(self) -> NDArray[Any]:
        """What policies saw, (N, *observation_shape); zeros before the first picture."""
        self._play()
        seen = np.zeros((self.size, *self.spaces.observation_shape), dtype=self.spaces.observation_dtype)
        for robot, one in self._reader.seen.items():
            seen[robot] = one.observation
        return seen

    def begin(self, motions: Sequence[Motion]) -> None:
        """Refuse all."""
        check_ids([motion.robot for motion in motions], self.size)
        with self._lock:
            self._refused += [MotionEnd(one, Ended.REFUSED, "this is a recording") for one in motions]

    def ended(self) -> list[MotionEnd]:
        """What was refused."""
        with self._lock:
            refused, self._refused = self._refused, []
        return refused

    def stop(self, reason: str, robots: Collection[int] | None = None, *, motors_off: bool = False) -> None:
        """Nothing moves."""

    def release(self, robots: Collection[int] | None = None) -> None:
        """Nothing moves."""

    def reset(self, ids: Collection[int]) -> None:
        """The recording goes its way."""

    def hard_reset(self, ids: Collection[int]) -> dict[int, str]:
        """Refuse all."""
        return dict.fromkeys(check_ids(list(ids), self.size), "this is a recording")

    def frames(self, ids: Sequence[int]) -> list[Frame]:
        """The pictures of this moment, as old as they were then."""
        self._play()
        found = []
        for robot in check_ids(ids, self.size):
            seen = self._reader.seen.get(robot)
            if seen is None:
                found.append(no_picture(f"{self.names[robot]}: no picture yet"))
            else:
                then = seen.frame.captured_at or 0.0
                found.append(replace(seen.frame, captured_at=then + self._later))
        return found

    def close(self) -> None:
        """Nothing to let go of."""

    def _play(self) -> Event | None:
        """Bring the recording to this moment; the event that comes next."""
        with self._lock:
            now = self._clock() - self._later
            while self._next is not None and self._next.at <= now:
                if self._next.kind == "picture":
                    self._reader.picture(self._next)
                self._next = next(self._events, None)
            return self._next
