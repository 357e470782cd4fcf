"""Ctrl-C, kill and a closed terminal end every command in a sentence, from its first moment on.

Knows the standard library alone: handlers stand before anything else is loaded.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CALLED_BACK = ("pymunk",)
"""Packages whose C code calls Python that changes the lists it walks; cut off there, it crashes later."""
AGAIN_S = 0.01
SENTENCE = "iifl: interrupted before anything was begun; the same command starts again.\n"
_heard: list[int] = []
_held_back: list[int] = []


class Interrupted(KeyboardInterrupt):
    """Somebody asks this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


def end_cleanly() -> None:
    """From now on the signals end this process at once, in a sentence; for before anything is begun.

    Nothing is raised: libraries that are being imported catch what they should not. What the launcher held
    back when it handed over is let through. What a parent had this process ignore, as nohup does, stays so.
    """
    _answer(_end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def raise_from_now() -> None:
    """From now on the signals raise `Interrupted`: there is something to put away."""
    _answer(_raise)


def leave_to_python() -> None:
    """From now on the signals do what they do in any Python: Django's own commands have their own answers.

    In `manage shell`, say, Ctrl-C ends a line and not the shell.
    """
    plain = {signal.SIGINT: signal.default_int_handler}
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, plain.get(number, signal.SIG_DFL))


def check() -> None:
    """Raises `Interrupted` again where one was raised before and somebody's code has caught it."""
    if _heard:
        _held_back.clear()
        raise Interrupted(_heard[-1])


def _answer(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def _end(number: int, _frame: FrameType | None) -> None:
    os.write(2, SENTENCE.encode())
    os._exit(128 + number)


def _raise(number: int, frame: FrameType | None) -> None:
    _heard.append(number)
    if _may_raise(frame):
        _held_back.clear()
        raise Interrupted(number)
    _held_back.append(number)
    again = threading.Timer(AGAIN_S, _send_again)
    again.daemon = True
    again.start()


def _send_again() -> None:
    if _held_back:
        os.kill(os.getpid(), _held_back[-1])


def _may_raise(frame: FrameType | None) -> bool:
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in CALLED_BACK:
            return False
        frame = frame.f_back
    return True


def exit_code(error: KeyboardInterrupt) -> int:
    """What a shell expects of a process that ended by this."""
    return error.exit_code if isinstance(error, Interrupted) else 130


def silence_output() -> None:
    """Where nobody reads any more, as after `| head`, nothing more is written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def children_do_not_hear() -> Iterator[None]:
    """Processes that are started inside hear no Ctrl-C and no closed terminal: their parent ends them.

    The parent hears of both, and of a kill, afterwards: a child that is cut off while it is told what to do
    would answer with a traceback. Children take SIGTERM again by `hear_kill`.
    """
    resource_tracker.ensure_running()  # First, since starting it lets signals through.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def hear_kill() -> None:
    """In a child: end by SIGTERM as any process does."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
