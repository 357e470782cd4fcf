"""One arm as its driver knows it: keeps the link alive, hears how the robot is, and has it stopped."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from robots.physical import Condition, Motion, Presence
from robots.remote import messages
from robots.remote.backoff import BackOff
from robots.remote.clocks import Offset
from robots.remote.eyes import Eyes, Shot, Sight
from robots.remote.flight import Flight, Times
from robots.remote.framing import VERSION
from robots.remote.limits import Limits
from robots.remote.link import Address, Link, LinkError, Refusal
from robots.remote.orders import OnEnd, Orders
from robots.remote.presence import Heard, Known, condition
from robots.remote.replies import Answer, Event
from robots.remote.task import RemoteTask

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
        on_end: OnEnd,
    ) -> None:
        self._address, self._driver, self._times = address, driver, times
        self._loop = loop
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
        self._pictures = 0
        self.eyes = Eyes(task, lambda sight: self._post(self.orders.saw, sight))
        self.orders = Orders(
            address.name, limits, self.eyes, times, self._post, self._send, self._wall, on_end
        )
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
                ordered=self.orders.flight is not None,
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
        state, sight = self.condition(), self.fresh_sight()
        why = "" if state.presence is Presence.READY else state.reason or f"{self.name} makes another motion"
        self.orders.begin(motion, sight, why)

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

    def prompt(self, text: str) -> None:
        """Tell whoever stands by the robot what to put right."""
        self._post(self._prompt, text)

    def _prompt(self, text: str) -> None:
        if self._link is not None:
            self._link.send(messages.ResetPrompt(text))

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
                except Exception as error:  # Whatever an agent may say, its arm is tried again.
                    self._away = f"the link to {self.name} failed: {type(error).__name__}: {error}"
                if time.monotonic() - began > STEADY_S:
                    self._back_off.worked()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._back_off.wait_s()):
                        await self._allowed.wait()
        finally:
            ticking.cancel()
            self.orders.close()
            self.eyes.close()

    async def _live(self) -> None:
        """One link from its first to its last word; raises LinkError at its end."""
        link = Link(self._address, self._on_event)
        self._pictures = 0
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
        if motion := self.orders.open_motion():
            answer = await link.ask(messages.Became((motion,)), wait_s)
            self.orders.told(motion, dict(dict(answer.fields.get("motions", {})).get(motion, {})))
        await link.ask(messages.Subscribe(PICTURE_RATE), wait_s)
        self._link, self._away = link, ""
        self._tell_wish()

    def _beat(self, link: Link) -> None:
        sent = time.monotonic()
        link.send(messages.Beat(self._pictures)).add_done_callback(lambda told: self._on_beat(told, sent))

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

    def _send(self, flight: Flight) -> "asyncio.Future[Answer] | str":
        """On the loop: the order on its way, or why it does not leave."""
        link = self._link
        if self._wish is not None and self._wish.stop:
            return f"stopped: {self._wish.stop}"
        if link is None:
            return self._away
        begin_by = self._offset.deadline_there(flight.begin_by)
        reach, motion = flight.reach, flight.motion
        return link.send(
            messages.Act(
                motion.id, self._session, reach.begin, reach.end, reach.speed, begin_by, motion.within_s
            )
        )

    def _on_event(self, event: Event) -> None:
        if event.kind == "picture":
            self._on_picture(event)
        elif event.kind == "ended":
            self._heard = replace(self._heard, moving="")
            self.orders.told(str(event.fields.get("motion")), event.fields)

    def _on_picture(self, event: Event) -> None:
        self._pictures += 1
        if self._link is not None:
            self._beat(self._link)
        stamp = messages.finite(event.fields.get("captured_at"))
        if stamp is None or not self._offset.known:
            return
        now, wall = time.monotonic(), time.time()
        captured = min(now, self._offset.to_ours(stamp))
        self.eyes.show(
            Shot(event.payload, stamp, captured, wall - (now - captured), wall, self._offset.error)
        )

    def _post(self, call: Callable[..., None], *arguments: Any) -> None:
        """From any thread, on the loop as soon as it turns; nothing where it has ended."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *arguments)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self.orders.tick(time.monotonic())
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

    def _wall(self, there: float | None) -> float | None:
        """A time by the agent's clock, by this process's [s since the epoch]."""
        if there is None or not self._offset.known:
            return None
        return self._offset.to_ours(there) - time.monotonic() + time.time()
