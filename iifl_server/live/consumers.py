"""The live socket of a page: translates between the wire and the rooms behind it."""

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError
from redis.exceptions import RedisError

from iifl_server.accounts.models import Person
from iifl_server.accounts.rights import standing
from iifl_server.errors import NotAllowedError
from iifl_server.fleets import selectors, services
from iifl_server.fleets.means import task_means
from iifl_server.live import commands, keys, presence, protocol
from iifl_server.live.announcements import newest_live
from iifl_server.live.clock import now_ms
from iifl_server.live.hub import Viewer, frame_hub
from iifl_server.live.protocol import ProtocolError
from robots.fleet import RobotsError

logger = logging.getLogger(__name__)

NOT_SIGNED_IN = 4401
TOUCH_EVERY_MS = 1_000
"""Pings come every 2 s; faster ones are answered and write nothing."""
LOOK_AGAIN_MS = 1_500
"""How often it is looked whether a page's person still may be there; at once where somebody changes it."""
JOIN_EVERY_MS = 3_600_000
NO_LEASE: dict[str, Any] = {"type": "lease", "lease": None}


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One page of one person."""

    async def connect(self) -> None:
        """Anonymous pages are told so and closed with 4401."""
        self._person: Person | None = None
        self._run: int | None = None
        self._console = False
        self._viewer: Viewer | None = None
        self._touched_at = self._complained_at = 0.0
        self._looked_at = now_ms()
        self._joined_at = now_ms()
        self._times: deque[float] = deque(maxlen=protocol.MESSAGES_PER_S)
        self._sent: dict[str, dict[str, Any]] = {}
        await self.accept()
        user = self.scope.get("user")
        if not isinstance(user, Person) or not user.is_active:
            await self._say(ProtocolError("forbidden", "Sign in first.").message())
            await self.close(NOT_SIGNED_IN)
            return
        self._person = user
        self._password_hash = user.get_session_auth_hash()
        await self._join()

    async def disconnect(self, code: int) -> None:
        """The seat stays for the grace time: a reload finds it again."""
        if self._viewer:
            await frame_hub().remove(self._viewer)
            await self._viewer.close()
        if self._person:
            await self.channel_layer.group_discard(keys.person_group(self._person.pk), self.channel_name)
        if self._run is not None:
            await self.channel_layer.group_discard(keys.run_group(self._run), self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take one message; a bad one is answered with an error and changes nothing."""
        if self._person is None:
            return
        try:
            message = self._decode(text_data)
            if message["type"] == "frame_ack":
                self._acknowledge(message)
            elif self._within_rate():
                await self._dispatch(message)
            else:
                await self._complain()
        except ProtocolError as error:
            if self._within_rate():
                await self._say(error.message())
            else:
                await self._complain()
        except NotAllowedError as error:
            await self._say(ProtocolError("forbidden", str(error)).message())
        except (RedisError, DatabaseError, OSError) as error:
            logger.exception("a message of %s failed", self._person)
            await self._say(
                ProtocolError("no_run", f"The server's store failed: {error}", retry=True).message()
            )

    def _decode(self, text: str | None) -> dict[str, Any]:
        if text is None:
            raise ProtocolError("malformed", "pages send text messages only")
        return protocol.decode(text)

    def _within_rate(self) -> bool:
        """Count a message, good or bad."""
        now = now_ms()
        if len(self._times) == protocol.MESSAGES_PER_S and now - self._times[0] < 1000:
            return False
        self._times.append(now)
        return True

    async def _complain(self) -> None:
        """Say too_fast once a second: a flood is not answered with a flood."""
        if now_ms() - self._complained_at > 1000:
            self._complained_at = now_ms()
            limit = protocol.MESSAGES_PER_S
            error = ProtocolError("too_fast", f"at most {limit} messages a second are taken", retry=True)
            await self._say(error.message())

    async def _dispatch(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "ping":
            await self._ping(message)
        elif kind == "hello":
            await self._hello(message)
        elif self._run is None:
            raise ProtocolError("no_run", f"say hello before {kind}", retry=True)
        else:
            handlers: dict[str, Callable[[int, dict[str, Any]], Awaitable[None]]] = {
                "watch": self._watch,
                "pause": self._pause,
                "stop": self._stop,
                "motors_off": self._motors_off,
                "start": self._start,
            }
            await handlers.get(kind, self._command)(self._run, message)

    # --- What pages say -----------------------------------------------------------------------------

    async def _hello(self, message: dict[str, Any]) -> None:
        run = await database_sync_to_async(selectors.find_run)(message["run"])
        if run is None and message["run"] is None:
            raise ProtocolError("no_run", "No fleet has been started yet.", retry=True)
        if run is None:
            raise ProtocolError("unknown_run", f"There is no run {message['run']}.")
        person = self._signed_in
        try:
            means = await database_sync_to_async(task_means)(run.task)
        except RobotsError as error:
            raise ProtocolError("unknown_run", f"Run {run.pk} cannot be shown: {error}") from error
        if self._run is not None and self._run != run.pk:
            await self.channel_layer.group_discard(keys.run_group(self._run), self.channel_name)
        self._run, self._sent = run.pk, {}
        self._console = message["page"] == "console" and person.may_supervise
        await self._say(
            {
                "type": "welcome",
                "protocol": protocol.PROTOCOL,
                "server_time": now_ms(),
                "user": {"name": person.username, "role": person.role},
                "run": {
                    "id": run.pk,
                    "task": run.task,
                    "robots": run.robots,
                    "supervisors": run.supervisors,
                    "pace": run.pace,
                    "means": means.to_dict(),
                    "by_hand": run.by_hand,
                },
                "limits": {
                    "expires_ms": protocol.EXPIRES_MS,
                    "message_bytes": protocol.MESSAGE_BYTES,
                    "stale_ms": protocol.STALE_REAL_MS if run.real else protocol.STALE_MS,
                    "seat_grace_ms": presence.SEAT_GRACE_MS,
                },
            }
        )
        if self._console:
            await self._touch()
        # Join first, read second: whatever is announced in between arrives twice rather than never.
        await self._join()
        newest = await database_sync_to_async(newest_live)(run.pk)
        if newest is not None:
            await self._tell(newest)
        else:
            await self._once("seat", self._seat({}))
            await self._once("lease", NO_LEASE)

    async def _ping(self, message: dict[str, Any]) -> None:
        await self._say({"type": "pong", "sent_at": message["sent_at"], "server_time": now_ms()})
        if now_ms() - self._looked_at > LOOK_AGAIN_MS and not await self._still_may():
            return
        if self._console and now_ms() - self._touched_at > TOUCH_EVERY_MS:
            await self._touch()
        if now_ms() - self._joined_at > JOIN_EVERY_MS:
            await self._join()

    async def _join(self) -> None:
        """Enter the groups, or stay in them: the channel layer forgets who joined a day ago."""
        self._joined_at = now_ms()
        await self.channel_layer.group_add(keys.person_group(self._signed_in.pk), self.channel_name)
        if self._run is not None:
            await self.channel_layer.group_add(keys.run_group(self._run), self.channel_name)

    async def _watch(self, run: int, message: dict[str, Any]) -> None:
        if self._viewer is None:
            self._viewer = Viewer(self._send_frame)
        cameras = [(camera["robot"], camera["size"]) for camera in message["cameras"]]
        await frame_hub().watch(self._viewer, run, list(dict.fromkeys(cameras)))

    def _acknowledge(self, message: dict[str, Any]) -> None:
        if self._viewer:
            self._viewer.acknowledge((message["robot"], message["size"]), message["frame"])

    async def _command(self, run: int, message: dict[str, Any]) -> None:
        submit = database_sync_to_async(commands.submit)
        await self._say(await submit(run, self._signed_in.pk, protocol.command(message)))

    async def _pause(self, run: int, message: dict[str, Any]) -> None:
        if not self._console:
            raise ProtocolError("forbidden", "Only a supervisor at a console can take a pause.")
        await self._touch(paused=message["paused"])

    async def _stop(self, run: int, message: dict[str, Any]) -> None:
        await database_sync_to_async(services.stop_run)(run, self._signed_in.pk)

    async def _motors_off(self, run: int, message: dict[str, Any]) -> None:
        stop = database_sync_to_async(services.stop_run)
        await stop(run, self._signed_in.pk, motors_off=True)

    async def _start(self, run: int, message: dict[str, Any]) -> None:
        await database_sync_to_async(services.start_run)(run, self._signed_in.pk)

    async def _touch(self, *, paused: bool | None = None) -> None:
        person = self._signed_in
        self._touched_at = now_ms()
        await database_sync_to_async(presence.touch)(
            self._run, person.pk, person.username, now_ms(), paused=paused
        )

    # --- What the server says -----------------------------------------------------------------------

    async def live_state(self, event: dict[str, Any]) -> None:
        """From the runner: the state of the run, with everybody's seats and leases."""
        await self._tell(event["live"])

    async def live_outcome(self, event: dict[str, Any]) -> None:
        """From the runner: what became of a command of this person."""
        await self._say(event["outcome"])

    async def live_rights(self, event: dict[str, Any]) -> None:
        """Something about this person has changed: what the page may do is looked at anew."""
        await self._still_may()

    async def _still_may(self) -> bool:
        """Close the socket of somebody who may not be here any more, with a reason; the seat goes too."""
        self._looked_at = now_ms()
        before, session = self._signed_in, self.scope["session"]
        found = await database_sync_to_async(standing)(before.pk, session, self._password_hash)
        if found.person is None:
            await self._leave()
            await self._say(ProtocolError("forbidden", found.reason).message())
            await self.close(NOT_SIGNED_IN)
            return False
        self._person = found.person
        if self._console and not found.person.may_supervise:
            await self._leave()
            self._console = False
        return True

    async def _leave(self) -> None:
        if self._console and self._run is not None:
            await database_sync_to_async(presence.leave)(self._run, self._signed_in.pk)

    async def live_signed_out(self, event: dict[str, Any]) -> None:
        """The person signed out: no page stays open; one that is still signed in comes back by itself."""
        await self.close(NOT_SIGNED_IN)

    async def _tell(self, live: dict[str, Any]) -> None:
        """State for all; of seats and leases only this person's own, and only when they changed."""
        await self._say(live["state"])
        await self._once("seat", self._seat(live["seats"]))
        mine = live["leases"].get(str(self._signed_in.pk)) if self._console else None
        await self._once("lease", {"type": "lease", "lease": mine} if mine else NO_LEASE)

    def _seat(self, seats: dict[str, dict[str, Any]]) -> dict[str, Any]:
        person = self._signed_in
        if not person.may_supervise:
            reason = f"Your role, {person.role}, watches; supervisors hold seats."
        elif not self._console:
            reason = "Open the console to take a seat."
        elif str(person.pk) in seats:
            return {"type": "seat", "reason": "", **seats[str(person.pk)]}
        else:
            reason = seats.get("reason", {}).get(
                "text", "Waiting for a seat: the fleet gives it at its next step."
            )
        return {"type": "seat", "seat": None, "paused": False, "reason": reason}

    async def _once(self, name: str, message: dict[str, Any]) -> None:
        if self._sent.get(name) != message:
            self._sent[name] = message
            await self._say(message)

    async def _say(self, message: dict[str, Any]) -> None:
        await self.send(text_data=protocol.encode(message))

    async def _send_frame(self, message: bytes) -> None:
        await self.send(bytes_data=message)

    @property
    def _signed_in(self) -> Person:
        assert self._person is not None
        return self._person
