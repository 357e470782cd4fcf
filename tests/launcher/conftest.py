"""What tests of commands share: the answers to signals that a terminal gives, wherever the tests run."""

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def as_from_a_terminal() -> Iterator[None]:
    """Behind nohup, or in the background of a shell, signals are ignored, and children would ignore them."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
