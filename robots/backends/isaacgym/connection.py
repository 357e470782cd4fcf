"""The fleet's side of the pipe: one worker process, questions with a deadline, and no process left behind."""

import contextlib
import os
import selectors
import subprocess
import tempfile
import time
import weakref
from collections.abc import Sequence
from typing import IO, Any

from robots.backends.isaacgym import protocol
from robots.fleet import FleetError

STDERR_SHOWN = 1500
"""Characters of what the worker said last that an error message repeats."""
_CLOSING_S = 2.0


class Connection:
    """A worker that is asked one thing at a time.

    command: what starts it; it is asked through its standard input and answers on its standard output.
    Raises FleetError where it cannot be started. Whatever else goes wrong later ends the worker, and is a
    FleetError that tells what it wrote last.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the worker.
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                bufsize=0,
            )
        except OSError as error:
            self._errors.close()
            raise FleetError(
                f"the Isaac Gym worker cannot be started: {self._command[0]}: {error.strerror}. "
                "IIFL_ISAACGYM_PYTHON must name the Python that has Isaac Gym"
            ) from None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._to, False)
        os.set_blocking(self._from, False)
        self._decoder = protocol.Decoder()
        self._lost = ""
        self._end = weakref.finalize(self, _end, self._process, self._errors)

    @property
    def process_id(self) -> int:
        """Of the worker."""
        return self._process.pid

    def ask(
        self,
        kind: str,
        answer: str,
        within_s: float,
        fields: dict[str, Any] | None = None,
        arrays: dict[str, Any] | None = None,
    ) -> protocol.Message:
        """Send one message and wait for the answer of that kind; raises FleetError for anything else."""
        if self._lost:
            raise FleetError(f"{self._lost} Make the fleet anew, and restore its last snapshot.")
        deadline = time.monotonic() + within_s
        try:
            self._send(protocol.encode(kind, fields, arrays), deadline)
            message = self._receive(deadline)
            if message.kind == "error":
                raise self.failure(f"answered {kind!r} with: {message.fields.get('text')}")
            if message.kind != answer:
                raise self.failure(f"answered {kind!r} with {message.kind!r} instead of {answer!r}")
            return message
        except protocol.ProtocolError as error:
            raise self.failure(f"broke the protocol: {error}") from None
        except TimeoutError:
            raise self.failure(f"gave no answer to {kind!r} within {within_s:g} s") from None
        except (BrokenPipeError, ConnectionError):
            raise self.failure("ended by itself") from None

    def failure(self, what: str) -> FleetError:
        """End the worker; an error that tells what it did wrong, how it ended and what it wrote last."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.2)  # One that is dying already tells its own exit code.
        code = self._process.poll()
        if code is None:
            self._process.kill()
        said = _last_words(self._errors)
        self._end()
        ended = "" if code is None else f" (exit code {code})"
        self._lost = f"The Isaac Gym worker {what}{ended}; it was ended." + (
            f" It wrote last: {said}" if said else " It wrote nothing to standard error."
        )
        return FleetError(self._lost)

    def close(self) -> None:
        """Ask the worker to end, and make it."""
        if not self._lost:
            self._lost = "The fleet is closed."
            with contextlib.suppress(OSError, TimeoutError):
                self._send(protocol.encode("close"), time.monotonic() + _CLOSING_S)
            self._end()

    def _send(self, data: bytes, deadline: float) -> None:
        left = memoryview(data)
        while left:
            _wait(self._to, selectors.EVENT_WRITE, deadline)
            with contextlib.suppress(BlockingIOError):
                left = left[os.write(self._to, left) :]

    def _receive(self, deadline: float) -> protocol.Message:
        while True:
            _wait(self._from, selectors.EVENT_READ, deadline)
            try:
                data = os.read(self._from, 1 << 20)
            except BlockingIOError:
                continue
            if not data:
                raise BrokenPipeError
            messages = self._decoder.feed(data)
            if len(messages) > 1:
                raise protocol.ProtocolError("two answers to one question")
            if messages:
                return messages[0]


def _wait(descriptor: int, event: int, deadline: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, event)
        if not selector.select(max(0.0, deadline - time.monotonic())):
            raise TimeoutError


def _end(process: "subprocess.Popen[bytes]", errors: IO[bytes]) -> None:
    """Close the pipes, which ends a healthy worker, and kill any other."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    try:
        process.wait(_CLOSING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    errors.close()


def _last_words(errors: IO[bytes]) -> str:
    errors.seek(0, os.SEEK_END)
    errors.seek(max(0, errors.tell() - 4 * STDERR_SHOWN))
    return errors.read().decode("utf-8", "replace").strip()[-STDERR_SHOWN:]
