"""What one arm was ordered, by its driver: one motion at a time, which ends once, whatever the link does."""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import numpy as np

from robots.fleet import FleetError
from robots.physical import Ended, Motion, MotionEnd
from robots.remote.eyes import Eyes, Sight, checked
from robots.remote.flight import Flight, Times, Verdict, fate_from
from robots.remote.limits import LimitError, Limits
from robots.remote.link import Refusal
from robots.remote.messages import finite
from robots.remote.replies import Answer
from robots.remote.task import Outcome

_NOTHING = Outcome(reward=0.0, done=False, violation=False, success=False, confidence=1.0)
_UNSEEN = Outcome(reward=0.0, done=False, violation=False, success=False, confidence=0.0)

OnEnd = Callable[[MotionEnd, Flight | None, Sight | None], None]
"""Hears of every end, with the flight, where it came to one, and the picture it was judged by."""


class Orders:
    """`begin` is for the fleet's owner, the rest for the loop."""

    def __init__(
        self,
        name: str,
        limits: Limits | None,
        eyes: Eyes,
        times: Times,
        post: Callable[..., None],
        send: "Callable[[Flight], asyncio.Future[Answer] | str]",
        wall: Callable[[float | None], float | None],
        on_end: OnEnd,
    ) -> None:
        """post: a call on the loop, from any thread. send: the answer to come, or why it does not leave.

        wall: the agent's time as seconds since the epoch. on_end is called by the loop or the fleet's owner.
        """
        self._name, self._limits, self._eyes, self._times = name, limits, eyes, times
        self._post, self._send, self._wall, self._on_end = post, send, wall, on_end
        self._judging = False
        self.flight: Flight | None = None
        """What is under way: set by `begin` alone, ended by the loop alone."""

    def begin(self, motion: Motion, sight: Sight | None, why_not: str) -> None:
        """Plan and check by this picture, then order; or refuse."""
        ordered_at = time.monotonic()
        if why_not or sight is None:
            self._on_end(MotionEnd(motion, Ended.REFUSED, why_not or "there is no fresh picture"), None, None)
            return
        action = np.clip(np.asarray(motion.action, dtype=np.float32), -1.0, 1.0)
        try:
            reach = checked(self._eyes.plan(sight, action), self._name)
            if self._limits is not None:
                self._limits.check(reach)
        except (FleetError, LimitError) as error:
            self._on_end(MotionEnd(motion, Ended.REFUSED, str(error)), None, None)
            return
        self.flight = Flight(motion, action, reach, sight, ordered_at)
        self._post(self._order, self.flight)

    def open_motion(self) -> str:
        """The id of a motion that was sent and whose end was not told; empty where there is none."""
        flight = self.flight
        return flight.motion.id if flight is not None and flight.sent and flight.fate is None else ""

    def told(self, motion: str, fields: Mapping[str, Any]) -> None:
        """The agent said what became of a motion."""
        flight = self.flight
        if flight is not None and flight.motion.id == motion:
            self._settle(flight, flight.told(fate_from(fields), time.monotonic()))

    def saw(self, sight: Sight) -> None:
        """A picture was read."""
        if self.flight is not None and not self._judging:
            self._settle(self.flight, self.flight.saw(sight))

    def tick(self, now: float) -> None:
        """To be called often."""
        if self.flight is not None and not self._judging:
            self._settle(self.flight, self.flight.late(now, self._times))

    def close(self) -> None:
        """Nothing will be heard any more."""
        if self.flight is not None:
            self._finish(self.flight, Verdict(Ended.UNKNOWN, "the fleet was closed before its end"), _UNSEEN)

    def _order(self, flight: Flight) -> None:
        if self.flight is not flight:
            return  # It was given up before its turn came.
        if time.monotonic() > flight.begin_by:
            self._settle(flight, Verdict(Ended.REFUSED, "the order did not leave in time"))
            return
        sent = self._send(flight)
        if isinstance(sent, str):
            self._settle(flight, Verdict(Ended.REFUSED, sent))
            return
        flight.sent = True
        sent.add_done_callback(lambda answer: self._acted(flight, answer))

    def _acted(self, flight: Flight, answer: "asyncio.Future[Answer]") -> None:
        if answer.cancelled():
            return
        error = answer.exception()
        if isinstance(error, Refusal):
            self._settle(flight, Verdict(Ended.REFUSED, str(error)))
        elif error is None:
            flight.began_there = finite(answer.result().fields.get("began_at"))

    def _settle(self, flight: Flight, verdict: Verdict | None) -> None:
        """End a flight, or have its outcome judged first."""
        if verdict is None or self.flight is not flight:
            return
        if verdict.after is None:
            self._finish(flight, verdict, _NOTHING if verdict.ended is Ended.REFUSED else _UNSEEN)
            return
        self._judging = True
        self._eyes.judge(flight.before, verdict.after).add_done_callback(
            lambda judged: self._post(self._judged, flight, verdict, judged)
        )

    def _judged(self, flight: Flight, verdict: Verdict, judged: "Future[Outcome]") -> None:
        self._judging = False
        if judged.cancelled():
            self._finish(flight, verdict, _UNSEEN)
        elif error := judged.exception():
            detail = f"{verdict.detail} Its outcome could not be judged: {error}".strip()
            self._finish(flight, Verdict(verdict.ended, detail, verdict.after), _UNSEEN)
        else:
            self._finish(flight, verdict, judged.result())

    def _finish(self, flight: Flight, verdict: Verdict, outcome: Outcome) -> None:
        """The one place where a flight ends."""
        if self.flight is not flight:
            return
        self.flight = None
        end = MotionEnd(
            motion=flight.motion,
            ended=verdict.ended,
            detail=verdict.detail,
            action=None if np.array_equal(flight.action, flight.motion.action) else flight.action,
            reward=outcome.reward,
            done=outcome.done,
            violation=outcome.violation,
            success=outcome.success,
            confidence=outcome.confidence,
            began_at=self._wall(flight.began_there),
            ended_at=self._wall(flight.fate.ended_at) if flight.fate is not None else None,
            seen_at=verdict.after.shot.captured_at if verdict.after is not None else None,
        )
        self._on_end(end, flight, verdict.after)
