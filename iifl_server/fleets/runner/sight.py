"""What people saw: which frame showed a robot where, and whether it has moved since. Pure bookkeeping."""

from collections import deque
from dataclasses import dataclass

KEPT = 100
RESUME_GAP = 100_000
"""Frame numbers skipped at a restart, since those published after the last snapshot are not known."""


@dataclass(frozen=True)
class Sighting:
    """One frame of one robot."""

    frame: int
    moves: int
    anchor: tuple[float, float] | None
    """Where a push on this robot starts: where it came to rest, also while its last push is shown."""
    reach: float


class Sights:
    """Frame numbers and recent frames of all robots of a run."""

    def __init__(self, robots: int, first_frame: int = 0) -> None:
        self._next = [first_frame] * robots
        self._moves = [0] * robots
        self._moved_at = [0.0] * robots
        self._seen: list[deque[Sighting]] = [deque(maxlen=KEPT) for _ in range(robots)]

    def seen(
        self,
        robot: int,
        anchor: tuple[float, float] | None,
        reach: float,
        captured_at: float | None = None,
    ) -> int:
        """Number and remember a frame; one from before the robot's last move shows it no more."""
        frame = self._next[robot]
        self._next[robot] += 1
        old = captured_at is not None and captured_at <= self._moved_at[robot]
        moves = self._moves[robot] - 1 if old else self._moves[robot]
        self._seen[robot].append(Sighting(frame, moves, anchor, reach))
        return frame

    def moved(self, robot: int, at: float = 0.0) -> None:
        """The robot is not where frames until now, or captured until then [s since the epoch], show it."""
        self._moves[robot] += 1
        self._moved_at[robot] = max(at, self._moved_at[robot])

    def moves(self, robot: int) -> int:
        """How often the robot has moved."""
        return self._moves[robot]

    def find(self, robot: int, frame: int) -> Sighting | None:
        """The frame a person clicked on, or None for one that is unknown or too old."""
        return next((one for one in self._seen[robot] if one.frame == frame), None)

    def is_current(self, robot: int, sighting: Sighting) -> bool:
        """Whether the robot still is where this frame shows it."""
        return sighting.moves == self._moves[robot]

    def skip(self, frame: int) -> None:
        """Number frames from here on."""
        self._next = [frame] * len(self._next)

    @property
    def highest(self) -> int:
        """Above every frame number given out."""
        return max(self._next)
