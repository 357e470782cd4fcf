"""One arm as its driver knows it: keeps the link alive, sends orders, hears ends, and never guesses."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from robots.fleet import FleetError
from robots.physical import Condition, Ended, Motion, MotionEnd, Presence
from robots.remote import messages
from robots.remote.backoff import BackOff
from robots.remote.clocks import Offset
from robots.remote.eyes import Eyes, Shot, Sight, checked
from robots.remote.flight import Flight, Times, Verdict, fate_from
from robots.remote.framing import VERSION
from robots.remote.limits import LimitError, Limits
from robots.remote.link import Address, Link, LinkError, Refusal
from robots.remote.presence import Heard, Known, condition
from robots.remote.replies import Answer, Event
from robots.remote.task import Outcome, RemoteTask

PICTURE_RATE = 10.0
STEADY_S = 5.0
"""A link that lasted this long [s] was a good one: the next attempt comes soon."""
_AGAIN_S = 0.5
_TICK_S = 0.05


@dataclass(frozen=True)
class Wish:
    """What the robot is to hear of stops: the last word counts, and is repeated until it was answered."""

    stop: str
    """Why it is to stand; empty for a release."""
    motors_off: bool = False


class Arm:
    """`stop`, `release`, `condition` are for any thread, `begin` for the fleet, the rest for the loop."""

    def __init__(
        self,
        address: Address,
        limits: Limits | None,
        task: RemoteTask,
        driver: str,
        times: Times,
        loop: asyncio.AbstractEventLoop,
        random: Random,
        on_end: Callable[[MotionEnd, Flight | None, Sight | None], None],
    ) -> None:
        self._address, self._limits, self._driver, self._times = address, limits, driver, times
        self._loop, self._on_end = loop, on_end
        self._back_off = BackOff(random)
        self._allowed = asyncio.Event()
        self._link: Link | None = None
        self._offset = Offset()
        self._session = ""
        self._heard = Heard()
        self._away = f"{address.name} is not connected yet"
        self._wish: Wish | None = None
        self._wish_done: Wish | None = None
        self._wish_at = -1e9
        self._flight: Flight | None = None
        self._judging = False
        self.eyes = Eyes(task, self._on_sight)
        self.capabilities: Mapping[str, Any] = {}
        """What the agent said of itself at the last hello, for people."""

    @property
    def name(self) -> str:
        """As in the fleet file."""
        return self._address.name

    @property
    def clock_error_s(self) -> float | None:
        """Capture times are wrong by at most this [s]; None before the first round trip."""
        return self._offset.error if self._offset.known else None

    def condition(self) -> Condition:
        """How it is, as last heard."""
        sight = self.eyes.newest
        age = None if sight is None else max(0.0, time.monotonic() - sight.shot.captured)
        return condition(
            Known(
                latched=self._latched(),
                away=self._away,
                ordered=self._flight is not None,
                heard=self._heard,
                picture_age=age,
                stale_s=self._times.stale_s,
                trouble=self.eyes.trouble or ("" if sight is None else sight.seen.trouble),
            )
        )

    def _latched(self) -> str:
        """Why it is held stopped from here, and whether the robot has heard of it."""
        wish = self._wish
        if wish is None or not wish.stop:
            return ""
        return wish.stop if self._wish_done is wish else f"{wish.stop} (the robot has not confirmed it yet)"

    def fresh_sight(self) -> Sight | None:
        """The newest picture, if it still shows the world."""
        sight = self.eyes.newest
        if sight is None or time.monotonic() - sight.shot.captured > self._times.stale_s:
            return None
        return sight

    def begin(self, motion: Motion) -> None:
        """Plan, check and order; the end comes through `on_end`, exactly once."""
        ordered_at = time.monotonic()
        state = self.condition()
        sight = self.fresh_sight()
        if state.presence is not Presence.READY or sight is None:
            self._refuse(motion, state.reason or f"{self.name} makes another motion")
            return
        try:
            action = np.clip(np.asarray(motion.action, dtype=np.float32), -1.0, 1.0)
            reach = checked(self.eyes.plan(sight, action), self.name)
            if self._limits is not None:
                self._limits.check(reach)
        except (FleetError, LimitError) as error:
            self._refuse(motion, str(error))
            return
        flight = Flight(motion, action, reach, sight, ordered_at)
        self._flight = flight
        self._post(self._order, flight)

    def stop(self, reason: str, *, motors_off: bool = False) -> None:
        """Latched here at once, then told as soon as the loop turns, and again until it is answered."""
        self._wish = Wish(reason, motors_off)
        self._post(self._tell_wish)

    def release(self) -> None:
        """Forget the stop here, and tell the robot."""
        self._wish = Wish("")
        self._post(self._tell_wish)

    def reconnect(self) -> None:
        """Somebody has seen to it that a held link may be tried again."""
        self._post(self._allowed.set)

    async def run(self) -> None:
        """Connect, live, connect again, until cancelled."""
        ticking = asyncio.create_task(self._tick())
        try:
            while True:
                began = time.monotonic()
                self._allowed.clear()
                try:
                    await self._live()
                except LinkError as error:
                    self._away = str(error)
                    if error.hold:
                        await self._allowed.wait()
                if time.monotonic() - began > STEADY_S:
                    self._back_off.worked()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._back_off.wait_s()):
                        await self._allowed.wait()
        finally:
            ticking.cancel()
            if self._flight is not None:
                self._finish(self._flight, Verdict(Ended.UNKNOWN, "the fleet was closed before its end"))
            self.eyes.close()

    async def _live(self) -> None:
        """One link from its first to its last word; raises LinkError at its end."""
        link = Link(self._address, self._on_event)
        try:
            await link.open()
            await self._greet(link)
            while link.lost is None:
                if time.monotonic() - link.heard_at > self._times.silent_s:
                    raise LinkError(f"{self.name} was silent for {self._times.silent_s:g} s")
                self._beat(link)
                await asyncio.sleep(self._times.beat_s)
            raise link.lost
        finally:
            self._link = None
            self._away = f"the link to {self.name} was cut"
            await link.close()

    async def _greet(self, link: Link) -> None:
        """A stop first, then who we are, then what became of what was under way; only then new orders."""
        wait_s = self._times.silent_s + 2.0
        if self._wish is not None and self._wish.stop:
            with contextlib.suppress(Refusal):  # Told again until it is confirmed.
                await self._tell(link, self._wish)
        self._offset = Offset()  # The machine may have started anew, and its clock with it.
        sent = time.monotonic()
        hello = await link.ask(messages.Hello(self._driver), wait_s)
        self._hear(hello, sent)
        if hello.fields.get("version") != VERSION or not isinstance(hello.fields.get("session"), str):
            raise LinkError(f"{self.name} speaks another protocol; install the same release at both ends")
        self._session = hello.fields["session"]
        self.capabilities = hello.fields
        flight = self._flight
        if flight is not None and flight.sent and flight.fate is None:
            answer = await link.ask(messages.Became((flight.motion.id,)), wait_s)
            fate = fate_from(dict(answer.fields.get("motions", {})).get(flight.motion.id, {}))
            self._settle(flight, flight.told(fate, time.monotonic()))
        await link.ask(messages.Subscribe(PICTURE_RATE), wait_s)
        self._link, self._away = link, ""
        self._tell_wish()

    def _beat(self, link: Link) -> None:
        sent = time.monotonic()
        link.send(messages.Beat()).add_done_callback(lambda told: self._on_beat(told, sent))

    def _on_beat(self, told: "asyncio.Future[Answer]", sent: float) -> None:
        if not told.cancelled() and told.exception() is None:
            self._hear(told.result(), sent)

    def _hear(self, answer: Answer, sent: float | None = None) -> None:
        told = answer.fields
        clock = messages.finite(told.get("clock"))
        if clock is not None and sent is not None:
            self._offset.heard(sent, clock, time.monotonic())
        self._heard = Heard(
            **{name: str(told.get(name, "")) for name in ("ready", "stopped", "moving", "camera")}
        )

    def _order(self, flight: Flight) -> None:
        """On the loop: the last look before an order leaves."""
        link = self._link
        if self._wish is not None and self._wish.stop:
            self._finish(flight, Verdict(Ended.REFUSED, f"stopped: {self._wish.stop}"))
        elif link is None:
            self._finish(flight, Verdict(Ended.REFUSED, self._away))
        elif time.monotonic() > flight.begin_by:
            self._finish(flight, Verdict(Ended.REFUSED, "the order did not leave in time"))
        else:
            flight.sent = True
            reach, motion = flight.reach, flight.motion
            begin_by = self._offset.deadline_there(flight.begin_by)
            act = messages.Act(
                motion.id, self._session, reach.begin, reach.end, reach.speed, begin_by, motion.within_s
            )
            link.send(act).add_done_callback(lambda told: self._on_acted(flight, told))

    def _on_acted(self, flight: Flight, told: "asyncio.Future[Answer]") -> None:
        if told.cancelled():
            return
        error = told.exception()
        if isinstance(error, Refusal):
            self._settle(flight, Verdict(Ended.REFUSED, str(error)))
        elif error is None:
            flight.began_there = messages.finite(told.result().fields.get("began_at"))

    def _on_event(self, event: Event) -> None:
        flight = self._flight
        if event.kind == "picture":
            self._on_picture(event)
        elif event.kind == "ended" and flight is not None and event.fields.get("motion") == flight.motion.id:
            self._heard = Heard(self._heard.ready, self._heard.stopped, "", self._heard.camera)
            self._settle(flight, flight.told(fate_from(event.fields), time.monotonic()))

    def _on_picture(self, event: Event) -> None:
        stamp = messages.finite(event.fields.get("captured_at"))
        if stamp is None or not self._offset.known:
            return
        now, wall = time.monotonic(), time.time()
        captured = min(now, self._offset.to_ours(stamp))
        self.eyes.show(
            Shot(event.payload, stamp, captured, wall - (now - captured), wall, self._offset.error)
        )

    def _on_sight(self, sight: Sight) -> None:
        """In the eyes' thread."""
        self._post(self._saw, sight)

    def _post(self, call: Callable[..., None], *arguments: Any) -> None:
        """From any thread, on the loop as soon as it turns; nothing where it has ended."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *arguments)

    def _saw(self, sight: Sight) -> None:
        flight = self._flight
        if flight is not None and not self._judging:
            self._settle(flight, flight.saw(sight))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            flight = self._flight
            if flight is not None and not self._judging:
                self._settle(flight, flight.late(time.monotonic(), self._times))
            if self._wish is not self._wish_done and time.monotonic() - self._wish_at > _AGAIN_S:
                self._tell_wish()

    def _tell_wish(self) -> None:
        wish, link = self._wish, self._link
        if wish is not None and link is not None and wish is not self._wish_done:
            self._wish_at = time.monotonic()
            told = asyncio.ensure_future(self._tell(link, wish))
            told.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _tell(self, link: Link, wish: Wish) -> None:
        request = messages.Stop(wish.stop, wish.motors_off) if wish.stop else messages.Release()
        answer = await link.ask(request, self._times.silent_s)
        self._hear(answer)
        self._wish_done = wish

    def _settle(self, flight: Flight, verdict: Verdict | None) -> None:
        """End a flight, or have its outcome judged first."""
        if verdict is None or self._flight is not flight:
            return
        if verdict.after is None:
            self._finish(flight, verdict)
            return
        self._judging = True
        self.eyes.judge(flight.before, verdict.after).add_done_callback(
            lambda judged: self._post(self._judged, flight, verdict, judged)
        )

    def _judged(self, flight: Flight, verdict: Verdict, judged: "Future[Outcome]") -> None:
        self._judging = False
        if judged.cancelled():
            self._finish(flight, Verdict(verdict.ended, verdict.detail))
        elif error := judged.exception():
            self._finish(flight, Verdict(verdict.ended, f"its outcome could not be judged: {error}"))
        else:
            self._finish(flight, verdict, judged.result())

    def _finish(self, flight: Flight, verdict: Verdict, outcome: Outcome | None = None) -> None:
        """The one place where a flight ends."""
        if self._flight is not flight:
            return
        self._flight = None
        judged = outcome or Outcome(0.0, False, False, False, confidence=0.0)
        if verdict.ended in (Ended.REFUSED, Ended.UNKNOWN):
            judged = Outcome(0.0, False, False, False, confidence=float(verdict.ended is Ended.REFUSED))
        self._on_end(
            MotionEnd(
                motion=flight.motion,
                ended=verdict.ended,
                detail=verdict.detail,
                action=None if np.array_equal(flight.action, flight.motion.action) else flight.action,
                reward=judged.reward,
                done=judged.done,
                violation=judged.violation,
                success=judged.success,
                confidence=judged.confidence,
                began_at=self._wall(flight.began_there),
                ended_at=self._wall(flight.fate.ended_at) if flight.fate is not None else None,
                seen_at=verdict.after.shot.captured_at if verdict.after is not None else None,
            ),
            flight,
            verdict.after,
        )

    def _refuse(self, motion: Motion, why: str) -> None:
        self._on_end(MotionEnd(motion, Ended.REFUSED, why), None, None)

    def _wall(self, there: float | None) -> float | None:
        """A time by the agent's clock, by this process's [s since the epoch]."""
        if there is None or not self._offset.known:
            return None
        return self._offset.to_ours(there) - time.monotonic() + time.time()
