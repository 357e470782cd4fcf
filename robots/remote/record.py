"""Writes down what happens on a fleet while it happens: pictures that were used, and motions."""

import queue
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from robots.physical import MotionEnd
from robots.remote.chunks import Event, begin_record, write_chunk
from robots.remote.eyes import Shot
from robots.remote.side import Reach

CHUNK_BYTES = 16 * 1024 * 1024
CHUNK_S = 10.0
"""At most so much is lost when the process is killed [s]."""
_WAITING = 2000


class Recorder:
    """Writes in a thread of its own; what comes faster than the disk takes it is left out and counted."""

    def __init__(self, folder: Path, about: dict[str, Any], *, chunk_s: float = CHUNK_S) -> None:
        """about: names of arms, task and whatever a reader needs.

        Raises RecordError for a folder that holds something, or cannot be written.
        """
        self._folder, self._chunk_s = folder, chunk_s
        begin_record(folder, about)
        self._queue: queue.Queue[Event | None] = queue.Queue(_WAITING)
        self._last_shown: dict[tuple[int, str], float] = {}
        self.left_out = 0
        """Events that the disk was too slow for."""
        self.trouble = ""
        """Why nothing is written any more; empty where all is well."""
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def picture(self, robot: int, shot: Shot, use: str) -> None:
        """A picture was `shown` to people, `observed` by the policy, or seen `before` or `after` a motion."""
        if self._last_shown.get((robot, use)) == shot.stamp:
            return
        self._last_shown[robot, use] = shot.stamp
        fields = {
            "robot": robot,
            "use": use,
            "captured_at": shot.captured_at,
            "arrived_at": shot.arrived_at,
            "error_s": shot.error_s,
            "stamp": shot.stamp,
        }
        self._put(Event("picture", time.time(), fields, shot.jpeg))

    def motion(self, end: MotionEnd, reach: Reach | None, ordered_at: float | None) -> None:
        """A motion ended, ordered then [s since the epoch]; reach is its plan, where it came to one."""
        motion = end.motion
        fields = {
            "robot": motion.robot,
            "motion": motion.id,
            "action": np.asarray(motion.action, dtype=np.float64).tolist(),
            "executed": None if end.action is None else np.asarray(end.action, dtype=np.float64).tolist(),
            "reach": None if reach is None else asdict(reach),
            "within_s": motion.within_s,
            "ended": str(end.ended),
            "detail": end.detail,
            "reward": float(end.reward),
            "done": end.done,
            "violation": end.violation,
            "success": end.success,
            "confidence": float(end.confidence),
            "ordered_at": ordered_at,
            "began_at": end.began_at,
            "ended_at": end.ended_at,
            "seen_at": end.seen_at,
        }
        self._put(Event("motion", time.time(), fields))

    def close(self) -> None:
        """Write what waits; whoever calls it a second time waits for the same."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(timeout=30.0)

    def _put(self, event: Event) -> None:
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            self.left_out += 1

    def _run(self) -> None:
        number = 0
        open_ = True
        while open_:
            events, open_ = self._gather()
            if not events or self.trouble:
                continue
            try:
                write_chunk(self._folder, number, events)
            except OSError as error:
                self.trouble = f"the record in {self._folder} ends here: {error}"
            number += 1

    def _gather(self) -> tuple[list[Event], bool]:
        """The events of one chunk, and whether more may come."""
        events: list[Event] = []
        size, until = 0, time.monotonic() + self._chunk_s
        while size < CHUNK_BYTES and (left := until - time.monotonic()) > 0.0:
            try:
                event = self._queue.get(timeout=left)
            except queue.Empty:
                break
            if event is None:
                return events, False
            events.append(event)
            size += len(event.jpeg)
        return events, True
