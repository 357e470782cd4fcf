"""One SSH connection to one agent, from the driver's end; it lives once and is never mended."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from robots.fleet import RobotsError
from robots.remote.framing import ProtocolError, Splitter, encode
from robots.remote.messages import Request, request_packet
from robots.remote.replies import Answer, Event, Failure, read_reply

CONNECT_S = 10.0
_PIECE = 64 * 1024
_LAST_WORDS = 2000


class LinkError(RobotsError):
    """A link that could not be made, or was lost; the message is a sentence with the mend."""

    def __init__(self, sentence: str, *, hold: bool = False) -> None:
        super().__init__(sentence)
        self.hold = hold
        """Whether only somebody's word may make it try again."""


@dataclass(frozen=True)
class Address:
    """Where an agent is started, and by which keys both ends know each other."""

    name: str
    """Of the arm."""
    host: str
    port: int
    user: str
    key: Path
    """The driver's private key."""
    known_hosts: Path
    """The host keys that are believed, in OpenSSH's format; no other is."""
    command: str
    """What starts the agent there."""


class Link:
    """Requests out, each with its number; answers in, each to its request. For one event loop."""

    def __init__(self, address: Address, on_event: Callable[[Event], None]) -> None:
        self._address, self._on_event = address, on_event
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._number = 0
        self._connection: asyncssh.SSHClientConnection | None = None
        self._process: asyncssh.SSHClientProcess[bytes] | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._said = b""
        self.heard_at = time.monotonic()
        """When the agent last said anything."""
        self.lost: LinkError | None = None
        """Why the link is no more."""

    async def open(self) -> None:
        """Connect and start the agent; raises LinkError."""
        try:
            async with asyncio.timeout(CONNECT_S):
                self._connection = await _connect(self._address)
                self._process = await self._connection.create_process(self._address.command, encoding=None)
        except (OSError, asyncssh.Error) as error:
            await self.close()
            raise _told(self._address, error) from error
        self.heard_at = time.monotonic()
        self._readers = [
            asyncio.create_task(self._read(self._process.stdout)),
            asyncio.create_task(self._read_errors(self._process.stderr)),
        ]

    def send(self, request: Request) -> asyncio.Future[Answer]:
        """Write a request at once, ahead of nothing and behind nothing; the future is its answer.

        The future raises LinkError where the agent says no (`Refusal`) or the link is lost.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if self.lost is not None or self._process is None:
            future.set_exception(self.lost or LinkError(f"{self._address.name} is not connected"))
            return future
        self._number += 1
        self._waiting[self._number] = future
        try:
            self._process.stdin.write(encode(request_packet(self._number, request)))
        except (OSError, asyncssh.Error) as error:
            self._lose(LinkError(f"the link to {self._address.name} was cut ({error})"))
        return future

    async def ask(self, request: Request, within_s: float) -> Answer:
        """A request and its answer; raises LinkError where there is none in time [s]."""
        try:
            async with asyncio.timeout(within_s):
                return await self.send(request)
        except TimeoutError as error:
            raise LinkError(
                f"{self._address.name} gave no answer to {request.kind} within {within_s:g} s"
            ) from error

    async def close(self) -> None:
        """End the connection, which ends the agent; never waits for long."""
        self._lose(LinkError(f"the link to {self._address.name} was closed"))
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        if self._process is not None:
            self._process.close()
        if self._connection is not None:
            self._connection.close()
            with contextlib.suppress(OSError, asyncssh.Error, TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._connection.wait_closed()
            self._connection.abort()

    async def _read(self, stream: asyncssh.SSHReader[bytes]) -> None:
        splitter = Splitter()
        why = LinkError(f"the link to {self._address.name} was cut")
        try:
            while data := await stream.read(_PIECE):
                self.heard_at = time.monotonic()
                for packet in splitter.feed(data):
                    self._take(read_reply(packet))
            await asyncio.sleep(0.1)  # What the agent said to people comes on a stream of its own.
            why = LinkError(f"the agent of {self._address.name} ended. {self._last_words()}".strip())
        except ProtocolError as error:
            why = LinkError(f"the link to {self._address.name} was closed: {error}")
        except (OSError, asyncssh.Error) as error:
            why = LinkError(f"the link to {self._address.name} was cut ({error})")
        self._lose(why)

    async def _read_errors(self, stream: asyncssh.SSHReader[bytes]) -> None:
        with contextlib.suppress(OSError, asyncssh.Error):
            while data := await stream.read(_PIECE):
                self._said = (self._said + data)[-_LAST_WORDS:]

    def _take(self, reply: Answer | Failure | Event) -> None:
        if isinstance(reply, Event):
            self._on_event(reply)
            return
        future = self._waiting.pop(reply.number, None)
        if future is None or future.done():
            return
        if isinstance(reply, Answer):
            future.set_result(reply)
        else:
            future.set_exception(Refusal(reply.sentence))
            future.exception()  # As in `_lose`.

    def _lose(self, why: LinkError) -> None:
        self.lost = self.lost or why
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(self.lost)
                future.exception()  # Whoever asked may be gone; that is no fault.

    def _last_words(self) -> str:
        lines = self._said.decode(errors="replace").strip().splitlines()
        return f"Its last words: {lines[-1][:300]}" if lines else ""


class Refusal(LinkError):
    """The agent said no to one request; the link is sound."""


async def _connect(address: Address) -> asyncssh.SSHClientConnection:
    """Keys alone: no password, no agent, no user's configuration, no host that is not known."""
    return await asyncssh.connect(
        address.host,
        address.port,
        username=address.user,
        client_keys=[str(address.key)],
        known_hosts=str(address.known_hosts),
        agent_path=None,
        agent_forwarding=False,
        config=None,
        password=None,
        preferred_auth="publickey",
        gss_host=None,
    )


def _told(address: Address, error: Exception) -> LinkError:
    where = f"{address.name} at {address.host}:{address.port}"
    match error:
        case asyncssh.HostKeyNotVerifiable():
            return LinkError(
                f"{where} shows a host key that is not in {address.known_hosts}: the machine was replaced, "
                "or somebody is in between. Compare its fingerprint at the machine, put the true key into "
                "that file, and then connect again by hand; nothing is tried until then.",
                hold=True,
            )
        case asyncssh.PermissionDenied():
            return LinkError(
                f"{where} does not let user {address.user} in with key {address.key}; "
                "add its public half to authorized_keys there"
            )
        case TimeoutError():
            return LinkError(f"{where} did not answer within {CONNECT_S:g} s; is it on, and the network too?")
        case asyncssh.KeyImportError():
            return LinkError(f"{where}: key {address.key} cannot be read: {error}", hold=True)
        case _:
            return LinkError(f"{where} cannot be reached: {error}")
