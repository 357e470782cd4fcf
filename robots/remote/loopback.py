"""An SSH server on this machine alone that starts agents, for twins and tests: real links without a robot."""

import asyncio
import contextlib
import subprocess
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import asyncssh

from robots.fleet import RobotsError
from robots.remote.link import Address

HOST = "127.0.0.1"
_PIECE = 64 * 1024
_ENDING_S = 8.0
"""An agent has this long to stop its arm after its stream has ended [s]; then it is killed."""


class Loopback:
    """One user name for each arm; whoever has the key made here gets that arm's agent and nothing else."""

    def __init__(self, folder: Path, commands: Mapping[str, Sequence[str]], port: int = 0) -> None:
        """commands: user name → the agent's program and arguments. Keys in folder are made where missing.

        Raises RobotsError where the port is taken or the folder cannot be written.
        """
        self._commands = {user: list(command) for user, command in commands.items()}
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self.key, self.known_hosts = folder / "driver_key", folder / "known_hosts"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            host_key, driver_key = _made(folder / "host_key"), _made(self.key)
        except OSError as error:
            raise RobotsError(f"{folder} cannot hold the keys of a server: {error}") from error
        self._host_key = host_key
        self._authorized = asyncssh.import_authorized_keys(driver_key.export_public_key().decode())
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self._started = threading.Event()
        self._failed: OSError | None = None
        self.port = port
        self._thread = threading.Thread(target=self._run, name="loopback", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._failed is not None:
            raise RobotsError(f"no server on {HOST}, port {port}: {self._failed}") from self._failed
        public = host_key.export_public_key().decode().strip()
        self.known_hosts.write_text(f"[{HOST}]:{self.port} {public}\n", encoding="utf-8")

    def address(self, name: str, user: str) -> Address:
        """How a driver reaches an arm here."""
        return Address(name, HOST, self.port, user, self.key, self.known_hosts, "agent")

    def drop(self) -> None:
        """Cut every connection without a word, as a network does; the server stays."""
        self._loop.call_soon_threadsafe(self._abort)

    def close(self) -> None:
        """End the server, its connections and its agents."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join(timeout=_ENDING_S + 5.0)

    def _abort(self) -> None:
        for connection in list(self._connections):
            connection.abort()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except OSError as error:
            self._failed = error
        finally:
            self._started.set()
            self._loop.close()

    async def _serve(self) -> None:
        server = await asyncssh.listen(
            HOST,
            self.port,
            server_host_keys=[self._host_key],
            server_factory=lambda: _Door(self),
            process_factory=self._agent,
            encoding=None,
            config=None,
            password_auth=False,
            kbdint_auth=False,
            gss_host=None,
        )
        self.port = server.get_port()
        self._started.set()
        await self._closing.wait()
        server.close()
        self._abort()
        agents = asyncio.all_tasks() - {asyncio.current_task()}
        if agents:
            await asyncio.wait(agents, timeout=_ENDING_S + 2.0)
        await server.wait_closed()

    async def _agent(self, process: "asyncssh.SSHServerProcess[bytes]") -> None:
        """One agent from its start to its end; its stream ends when the connection does."""
        child = await asyncio.create_subprocess_exec(
            *self._commands[process.get_extra_info("username")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        said = [
            asyncio.create_task(_carry(child.stdout.read, process.stdout)),
            asyncio.create_task(_carry(child.stderr.read, process.stderr)),
        ]
        heard = asyncio.create_task(_carry(process.stdin.read, child.stdin))
        ended = asyncio.create_task(child.wait())
        await asyncio.wait({heard, ended}, return_when=asyncio.FIRST_COMPLETED)
        child.stdin.close()
        await asyncio.wait({ended}, timeout=_ENDING_S)
        if not ended.done():
            child.kill()
            await ended
        heard.cancel()
        await asyncio.gather(heard, *said, return_exceptions=True)
        process.exit(max(0, child.returncode or 0))


async def _carry(
    read: Callable[[int], Awaitable[bytes]], to: "asyncssh.SSHWriter[bytes] | asyncio.StreamWriter"
) -> None:
    """All that comes, until it ends; where nobody takes it any more it is thrown away, so that it can end."""
    taken = True
    with contextlib.suppress(OSError, asyncssh.Error):
        while data := await read(_PIECE):
            try:
                if taken:
                    to.write(data)
                    await to.drain()
            except (OSError, asyncssh.Error):
                taken = False


class _Door(asyncssh.SSHServer):
    """Lets in the users that have an agent, by the one key."""

    def __init__(self, house: Loopback) -> None:
        self._house = house
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._house._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._house._connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        if self._connection is not None and username in self._house._commands:
            self._connection.set_authorized_keys(self._house._authorized)
        return True


def _made(path: Path) -> asyncssh.SSHKey:
    """The private key in a file that only its owner reads; made where there is none."""
    if not path.exists():
        key = asyncssh.generate_private_key("ssh-ed25519")
        path.touch(mode=0o600)
        path.write_bytes(key.export_private_key())
    return asyncssh.read_private_key(path)
