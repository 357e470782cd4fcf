"""Child processes that never outlive this one and are started again when they die."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from iifl_server.data_folder import private_folder

logger = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
FIRST_RESTART_S = 0.5
LONGEST_RESTART_S = 15.0
STEADY_S = 30.0
"""A child that ran this long has recovered: the next restart is quick again."""


@dataclass
class Child:
    """One command that should always be running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_within_s: float = 5.0
    niceness: int = 0
    inherits: Sequence[int] = ()
    """File descriptors that it shares with this process."""
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restart_at: float = 0.0
    delay_s: float = FIRST_RESTART_S
    restarts: int = 0


class Children:
    """Starts, watches, restarts and stops a group of children; their output goes to one log each."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[Child] = []
        private_folder(logs)

    def start(self, child: Child) -> None:
        """Start a child and keep it running until `stop_all`."""
        self._children.append(child)
        self._spawn(child)

    def watch(self) -> list[str]:
        """Restart what has died; returns one sentence per event. Call it a few times a second."""
        events = []
        now = time.monotonic()
        for child in self._children:
            code = child.process.poll() if child.process else None
            if child.process is not None and code is not None:
                child.process = None
                child.delay_s = (
                    FIRST_RESTART_S
                    if now - child.started_at > STEADY_S
                    else min(2 * child.delay_s, LONGEST_RESTART_S)
                )
                child.restart_at = now + child.delay_s
                events.append(
                    f"{child.name} ended ({_ending(code)}); starting it again in {child.delay_s:.0f} s, "
                    f"see {self.log_of(child.name)}"
                )
            elif child.process is None and now >= child.restart_at:
                events.append(self._start_again(child, now))
        return events

    def _start_again(self, child: Child, now: float) -> str:
        try:
            self._spawn(child)
        except OSError as error:  # The data folder may be away, and its logs with it.
            child.delay_s = min(2 * child.delay_s, LONGEST_RESTART_S)
            child.restart_at = now + child.delay_s
            return f"{child.name} could not be started ({error}); trying again in {child.delay_s:.0f} s"
        child.restarts += 1
        return f"{child.name} started again"

    def log_of(self, name: str) -> Path:
        """Where this child writes."""
        return self._logs / f"{name}.log"

    def stop_all(self) -> None:
        """Ask every child to end, last started first; kill the ones that do not."""
        for child in reversed(self._children):
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
        for child in reversed(self._children):
            if child.process is None:
                continue
            try:
                child.process.wait(child.stop_within_s)
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
        self._children.clear()

    def _spawn(self, child: Child) -> None:
        child.process = spawn(
            child.command,
            self.log_of(child.name),
            environment=child.environment,
            niceness=child.niceness,
            inherits=child.inherits,
        )
        child.started_at = time.monotonic()


def spawn(
    command: Sequence[str],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    niceness: int = 0,
    inherits: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a process of its own session that is killed by the kernel when this process dies (Linux)."""
    parent = os.getpid()

    def tie_to_parent() -> None:
        die_with_parent(parent)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if niceness:
            os.nice(niceness)

    with log.open("ab") as output:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            pass_fds=tuple(inherits),
            preexec_fn=tie_to_parent,
        )


def die_with_parent(parent: int | None = None) -> None:
    """The kernel kills this process when its parent dies (Linux).

    parent: process that must still be the parent; another one means that it has died already.
    """
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os._exit(1)


def _ending(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
