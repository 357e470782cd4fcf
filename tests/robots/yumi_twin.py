"""A simulated YuMi for tests: one per test, many times faster than a real one unless a push is slow."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from robots.remote.side import Picture, Reach, SideError
from robots.yumi.controller import Rws1Controller
from robots.yumi.credentials import Credentials
from robots.yumi.side import YumiSide
from robots.yumi.twin.station import Station

QUICK = Reach((0.08, 0.0), (0.14, 0.0), 0.1)
"""Takes about a tenth of a second of a twin's time."""
ENDLESS = Reach((0.08, 0.0), (0.14, 0.0), 0.0001)
"""Takes longer than any test."""


class StillCamera:
    """A camera for tests that are about the arm."""

    def newest(self) -> Picture:
        raise SideError("there is no camera in this test")

    def close(self) -> None:
        """Nothing to let go of."""


@contextmanager
def twin(factor: float = 60.0) -> Iterator[Station]:
    """A station whose cubes lie at (0.125, 0)."""
    station = Station(factor=factor)
    try:
        for arm in station.worlds:
            station.hands(arm, 0.125, 0.0, 0.0)
        yield station
    finally:
        station.close()


def controller_of(
    station: Station, arm: str = "left", limit_s: float = 20.0, **options: object
) -> Rws1Controller:
    """An arm of that station, through real HTTP."""
    credentials = options.pop("credentials", station.credentials)
    assert isinstance(credentials, Credentials)
    return Rws1Controller(station.addresses.controller, arm, credentials, limit_s=limit_s, **options)  # type: ignore[arg-type]


@contextmanager
def side_of(
    station: Station, arm: str = "left", limit_s: float = 20.0, **options: float
) -> Iterator[YumiSide]:
    """The side of an arm, without a camera."""
    patient = {"begin_s": 20.0, "confirm_s": 20.0, "lost_s": 20.0, "poll_s": 0.02}
    side = YumiSide(controller_of(station, arm, limit_s), StillCamera(), **{**patient, **options})
    try:
        yield side
    finally:
        side.close()


def until(true: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Wait for something that will be so; the timeout only ends a test that has failed."""
    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, "it did not become so"
        time.sleep(0.01)
