"""One arm's agent without its streams: hears requests, checks, moves, answers; notices a silent driver."""

import math
import secrets
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from robots.remote import messages
from robots.remote.admission import Situation, refusal
from robots.remote.framing import VERSION, Packet
from robots.remote.journal import Fate, Journal
from robots.remote.keeping import Latch
from robots.remote.limits import Limits
from robots.remote.moving import Mover
from robots.remote.outbox import Outbox
from robots.remote.replies import Answer, Event, Failure
from robots.remote.reporting import Reporter
from robots.remote.side import Picture, RobotSide, SideError
from robots.remote.watching import Watcher, to_jpeg

PICTURE_RATE = 10.0
"""Most pictures that are pushed [1/s]."""
MOST_UNDER_WAY = 3
"""Pictures that may be on their way to the driver: a slow link shows fewer of them, not older ones."""
ENDING_S = 5.0
"""How long a motion that was cut may take to end before the agent leaves all the same [s]."""


@dataclass(frozen=True)
class Habits:
    """How an agent behaves; checks itself."""

    watchdog_s: float = 1.0
    """A moving arm whose driver is silent for this long is stopped [s]."""
    abandoned_s: float = 5.0
    """After so much silence the agent ends and lets another driver in [s]."""
    frozen_s: float = 5.0
    """A picture that stays the same for this long is no sight of the world [s]."""
    silence_latches: bool = False
    """Whether the watchdog's stop needs a release; elsewhere the next fresh order moves the arm."""
    dry_run: bool = False
    """Check and answer, and move nothing."""

    def __post_init__(self) -> None:
        for name in ("watchdog_s", "abandoned_s", "frozen_s"):
            value = getattr(self, name)
            if not 0.0 < value < 3600.0:
                raise SideError(f"agent: {name} is {value!r}, but must be above 0 and below 3600 s")


class Agent:
    """`hear` is for one thread, `watch` for another, `close` for when both have ended."""

    def __init__(
        self,
        side: RobotSide,
        limits: Limits,
        habits: Habits,
        folder: Path,
        write: Callable[[bytes], None],
        clock: Callable[[], float],
    ) -> None:
        """The folder is held by the caller (`keeping.Hold`). Nothing moves, and what moved is stopped."""
        self._side, self._limits, self._habits, self._clock = side, limits, habits, clock
        self._journal = Journal(folder / "motions.jsonl")
        self._latch = Latch(folder)
        self._outbox = Outbox(write)
        self._mover = Mover(side, self._journal, self._latch, clock, self._tell_end)
        self._watcher = Watcher(side, clock, PICTURE_RATE, habits.frozen_s)
        self._reporter = Reporter(side)
        self._session = ""
        self._rate = 0.0
        self._next_picture = -math.inf
        self._sent = self._arrived = 0
        self._heard_at = clock()
        self._watcher.on_picture = self._push
        self._settle()
        self._watcher.start()
        self._reporter.start()

    @property
    def broken(self) -> bool:
        """Whether nobody reads what this agent says."""
        return self._outbox.broken

    def hear(self, packet: Packet) -> str:
        """Carry out one request; the driver's name at a hello. Raises ProtocolError for what is none."""
        self._heard_at = self._clock()
        number, request = messages.read_request(packet)
        try:
            reply = self._answer(number, request)
        except (SideError, OSError) as error:
            reply = Failure(number, str(error))
        if reply is not None:
            self._outbox.put(reply)
        return request.driver if isinstance(request, messages.Hello) else ""

    def watch(self) -> bool:
        """The watchdog, to be asked often; whether the driver is there at all."""
        silent = self._clock() - self._heard_at
        if silent > self._habits.watchdog_s and self._mover.moving and not self._mover.cut_why:
            self._halt(f"the driver was silent for {silent:.1f} s", latch=self._habits.silence_latches)
        return silent <= self._habits.abandoned_s

    def close(self, why: str) -> None:
        """Stop what moves, say why this ends, and let go."""
        if self._mover.moving:
            self._halt(why, latch=False)
            self._mover.wait(ENDING_S)
        self._outbox.put(Event("closing", {"sentence": why}))
        self._watcher.close()
        self._reporter.close()
        self._outbox.close()
        self._journal.close()

    def _answer(self, number: int, request: messages.Request) -> Answer | Failure | None:
        match request:
            case messages.Stop(reason, motors_off):
                self._mover.stop(reason, motors_off=motors_off)
                return Answer(number, self._state())
            case messages.Beat(pictures):
                self._arrived = max(self._arrived, pictures)
                return Answer(number, self._state())
            case messages.Hello() if not self._session:
                self._session = secrets.token_hex(16)
                return Answer(number, self._capabilities())
            case messages.Hello():
                return Failure(number, "hello was said already; close the link to begin another session")
            case _ if not self._session:
                return Failure(number, f"{request.kind} came before hello; say hello first")
            case messages.Act():
                return self._act(number, request)
            case messages.Observe():
                return self._observe(number)
            case messages.Subscribe(rate):
                self._rate = min(rate, PICTURE_RATE)
                return Answer(number, {"rate": self._rate})
            case messages.Release():
                self._mover.release()
                return Answer(number, self._state())
            case messages.Became(motions):
                fates = {motion: self._journal.fate(motion).told() for motion in motions}
                return Answer(number, {"motions": fates})
            case messages.ResetPrompt(text):
                print(f"to put right: {text}", file=sys.stderr, flush=True)  # noqa: T201 - whoever is there
                return Answer(number, {})
        return Failure(number, f"{request.kind} is not carried out by this agent")

    def _act(self, number: int, act: messages.Act) -> Answer | Failure | None:
        situation = Situation(
            now=self._clock(),
            session=self._session,
            known=self._journal.knows(act.motion),
            stopped=self._latch.reason,
            moving=self._mover.moving,
            ready=self._reporter.ready,
            blind=self._watcher.trouble(),
        )
        why = refusal(act, self._limits, situation)
        if not why and self._habits.dry_run:
            why = "dry run: the motion is within all limits and was not carried out"
        if why:
            if act.session == self._session and not situation.known:
                self._journal.end(act.motion, Fate("refused", why))
            return Failure(number, why)
        self._mover.begin(act, lambda began_at: self._outbox.put(Answer(number, {"began_at": began_at})))
        return None

    def _observe(self, number: int) -> Answer | Failure:
        picture = self._watcher.newest
        if picture is None or self._watcher.trouble():
            return Failure(number, self._watcher.trouble() or "the camera has shown nothing yet")
        return Answer(number, {"captured_at": picture.captured_at}, to_jpeg(picture.image))

    def _state(self) -> dict[str, Any]:
        return {
            "clock": self._clock(),
            "ready": self._reporter.ready,
            "stopped": self._latch.reason,
            "moving": self._mover.moving,
            "camera": self._watcher.trouble(),
            "state": dict(self._reporter.state),
        }

    def _capabilities(self) -> dict[str, Any]:
        picture = self._watcher.newest
        return {
            **self._state(),
            "version": VERSION,
            "session": self._session,
            "requests": list(messages.REQUESTS),
            "limits": asdict(self._limits),
            "picture_size": list(picture.image.shape[1::-1]) if picture is not None else None,
            "picture_rate": PICTURE_RATE,
            "watchdog_s": self._habits.watchdog_s,
            "dry_run": self._habits.dry_run,
        }

    def _push(self, picture: Picture) -> None:
        """Called by the camera's thread."""
        now = self._clock()
        behind = self._sent - self._arrived >= MOST_UNDER_WAY
        if self._rate <= 0.0 or now < self._next_picture or behind:
            return
        self._next_picture = now + 0.8 / self._rate  # Not 1: the camera's own pace varies.
        self._outbox.put_picture(lambda: self._picture(picture))

    def _picture(self, picture: Picture) -> Event:
        """Called by the outbox's thread when it is this picture's turn."""
        self._sent += 1
        return Event("picture", {"captured_at": picture.captured_at}, to_jpeg(picture.image))

    def _tell_end(self, motion: str, fate: Fate) -> None:
        """Called by the motion's thread."""
        self._outbox.put(Event("ended", {"motion": motion, **fate.told()}))
        self._next_picture = -math.inf
        self._watcher.hurry()

    def _halt(self, why: str, *, latch: bool) -> None:
        try:
            self._mover.stop(why) if latch else self._mover.cut(why)
        except Exception as error:  # The mover tries on; this thread has others to look after.
            print(f"the arm could not be told to stop at once: {error}", file=sys.stderr)  # noqa: T201

    def _settle(self) -> None:
        """A motion whose end an earlier agent did not see may go on still: stop it, and call it unknown."""
        left = self._journal.open_motions()
        if left:
            self._halt("an earlier agent was lost while the arm moved", latch=False)
        for motion in left:
            began_at = self._journal.fate(motion).began_at
            self._journal.end(
                motion, Fate("unknown", "the agent was lost while the arm moved", began_at, self._clock())
            )
