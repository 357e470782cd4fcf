"""What runs beside one robot, started through SSH: an agent on its standard streams."""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from robots.remote.answering import Agent, Habits
from robots.remote.framing import Packet, ProtocolError, Splitter, encode
from robots.remote.keeping import Hold
from robots.remote.limits import Limits
from robots.remote.messages import read_request
from robots.remote.replies import Failure, reply_packet
from robots.remote.side import RobotSide, SideError

ENDED, GARBAGE, REFUSED = 0, 2, 3
"""Exit codes: the driver went away; it spoke nonsense; the arm has another driver."""

_PIECE = 64 * 1024
_TICK_S = 0.05
_HELLO_S = 5.0


class _Stream:
    """Packets from a file descriptor, and the word that it is time to go."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._splitter = Splitter()
        self.closing = ""
        """Why this ends, set by whoever wants it to."""

    def packets(self) -> Iterator[Packet]:
        """Until the stream ends or `closing` is set; raises ProtocolError."""
        while not self.closing:
            if not select.select([self._fd], [], [], _TICK_S)[0]:
                continue
            try:
                data = os.read(self._fd, _PIECE)
            except OSError:
                data = b""
            if not data:
                self.closing = "the driver's stream ended"
                return
            yield from self._splitter.feed(data)


def serve(
    side: RobotSide,
    limits: Limits,
    *,
    state_folder: Path,
    watchdog_s: float = 1.0,
    frozen_s: float = 5.0,
    dry_run: bool = False,
    stdin: BinaryIO | None = None,
    stdout: BinaryIO | None = None,
) -> int:
    """Serve one driver on these streams (this process's own by default) until its stream ends.

    state_folder is this arm's alone; `Habits` tells of the times [s]. Returns the process's exit code. Raises
    SideError for a time that makes no sense and OSError for a folder that cannot be used.
    """
    habits = Habits(watchdog_s=watchdog_s, frozen_s=frozen_s, dry_run=dry_run)
    return serve_streams(side, limits, habits, state_folder, stdin, stdout)


def serve_streams(
    side: RobotSide,
    limits: Limits,
    habits: Habits,
    folder: Path,
    stdin: BinaryIO | None = None,
    stdout: BinaryIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """`serve` with all habits and another clock."""
    stream = _Stream((stdin or sys.stdin.buffer).fileno())
    fd = stdout.fileno() if stdout is not None else _own_stdout()

    def write(data: bytes) -> None:
        while data:
            data = data[os.write(fd, data) :]

    with _signals(stream):
        try:
            hold = Hold(folder)
        except SideError as error:
            return _refuse(stream, write, str(error))
        try:
            return _serve(Agent(side, limits, habits, folder, write, clock), stream, hold)
        finally:
            hold.close()


def _serve(agent: Agent, stream: _Stream, hold: Hold) -> int:
    watchdog = threading.Thread(target=_watch, args=(agent, stream), name="watchdog", daemon=True)
    watchdog.start()
    code = ENDED
    try:
        for packet in stream.packets():
            if driver := agent.hear(packet):
                hold.sign(driver)
    except ProtocolError as error:
        code, stream.closing = GARBAGE, f"the driver's stream makes no sense: {error}"
    finally:
        stream.closing = stream.closing or "the agent failed"
        watchdog.join(timeout=2.0)  # A robot that does not hear a stop must not keep this end open.
        agent.close(stream.closing)
    return code


def _watch(agent: Agent, stream: _Stream) -> None:
    while not stream.closing:
        if not agent.watch():
            stream.closing = "the driver was silent for too long"
        elif agent.broken:
            stream.closing = "the driver does not read what the agent says"
        time.sleep(_TICK_S)


def _refuse(stream: _Stream, write: Callable[[bytes], None], sentence: str) -> int:
    """Answer every request with the sentence for a while, so that people at the other end read it."""
    until = threading.Timer(_HELLO_S, setattr, (stream, "closing", "the sentence was told"))
    until.daemon = True
    until.start()
    try:
        for packet in stream.packets():
            number, _ = read_request(packet)
            write(encode(reply_packet(Failure(number, sentence))))
    except (ProtocolError, OSError):
        pass
    until.cancel()
    return REFUSED


def _own_stdout() -> int:
    """This process's standard output for packets alone; what anybody prints goes to standard error."""
    sys.stdout.flush()
    fd = os.dup(1)
    os.dup2(2, 1)
    return fd


@contextmanager
def _signals(stream: _Stream) -> Iterator[None]:
    """A polite signal ends the agent as the end of its stream does: the arm is stopped first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, frame: object) -> None:
        stream.closing = f"the agent was ended by {signal.Signals(number).name}"

    names = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before = {name: signal.signal(name, leave) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
