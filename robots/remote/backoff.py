"""How long to wait before the next attempt to connect."""

from random import Random

FIRST_S, LONGEST_S = 0.2, 10.0


class BackOff:
    """Doubles from 0.2 s to 10 s, each shortened by up to a half, so that many arms do not call at once."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._failures = 0

    def wait_s(self) -> float:
        """After one more failure."""
        longest = min(LONGEST_S, FIRST_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return longest * self._random.uniform(0.5, 1.0)

    def worked(self) -> None:
        """A connection has lasted."""
        self._failures = 0
