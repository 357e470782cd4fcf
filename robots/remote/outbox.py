"""What an agent has to say, written by a thread of its own: a slow link delays no stop."""

import threading
from collections import deque
from collections.abc import Callable

from robots.remote.framing import encode
from robots.remote.replies import Answer, Event, Failure, reply_packet

MOST_WAITING = 1000
"""Replies that may wait for the link; a driver that asks more without reading is let go."""


class Outbox:
    """Replies in order; of pictures only the newest, and only when nothing else waits."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._replies: deque[Answer | Failure | Event] = deque()
        self._picture: Callable[[], Event] | None = None
        self._wake = threading.Condition()
        self._closing = False
        self.broken = False
        """Nobody reads any more."""
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def put(self, reply: Answer | Failure | Event) -> None:
        """Send this; returns at once."""
        with self._wake:
            self._replies.append(reply)
            self.broken = self.broken or len(self._replies) > MOST_WAITING
            self._wake.notify()

    def put_picture(self, make: Callable[[], Event]) -> None:
        """Send this picture unless a newer one comes before its turn; it is made when it is its turn."""
        with self._wake:
            self._picture = make
            self._wake.notify()

    def close(self, within_s: float = 1.0) -> None:
        """Write what waits, as far as the link takes it in this time [s]."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(timeout=within_s)

    def _run(self) -> None:
        while (reply := self._next()) is not None:
            try:
                self._write(encode(reply_packet(reply)))
            except (OSError, ValueError):
                self.broken = True
                return

    def _next(self) -> Answer | Failure | Event | None:
        with self._wake:
            self._wake.wait_for(lambda: self._replies or self._picture or self._closing)
            if self._replies:
                return self._replies.popleft()
            if self._closing or self._picture is None:
                return None
            make, self._picture = self._picture, None
        return make()
