"""Two clocks that were never set by each other: how far apart they are, told from round trips."""

from collections import deque

KEPT = 32
"""Round trips that are remembered; the quickest of them tells most."""


class Offset:
    """The agent's clock less this machine's `time.monotonic()`. Neither is ever set, so both only drift."""

    def __init__(self) -> None:
        self._trips: deque[tuple[float, float]] = deque(maxlen=KEPT)

    def heard(self, sent: float, theirs: float, received: float) -> None:
        """One round trip: when it was sent and received here, and the clock there in between [s]."""
        self._trips.append((received - sent, theirs - (sent + received) / 2.0))

    @property
    def known(self) -> bool:
        """Whether there was a round trip."""
        return bool(self._trips)

    @property
    def seconds(self) -> float:
        """The offset [s]."""
        return min(self._trips)[1]

    @property
    def error(self) -> float:
        """The offset is wrong by at most this [s]: half of the quickest round trip."""
        return min(self._trips)[0] / 2.0

    def to_ours(self, theirs: float) -> float:
        """A time there by the clock here [s]."""
        return theirs - self.seconds

    def deadline_there(self, ours: float) -> float:
        """A deadline by the clock there [s]; early by the error rather than late."""
        return ours + self.seconds - self.error
