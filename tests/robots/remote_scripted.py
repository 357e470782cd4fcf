"""A robot side that does what files say and writes down what it was asked: an agent for tests."""

import argparse
import json
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from robots.remote.agent import serve_streams
from robots.remote.answering import Habits
from robots.remote.limits import Limits, Rectangle
from robots.remote.side import Picture, Reach, SideError

LIMITS = Limits(Rectangle(-0.3, -0.2, 0.3, 0.2), max_speed=0.5, longest=0.5, half_width=0.01)


class Scripted:
    """Takes `motion_s` for any motion; files in its folder change what it does."""

    def __init__(self, folder: Path, motion_s: float, skew_s: float) -> None:
        self.folder, self.motion_s, self.skew_s = folder, motion_s, skew_s
        self._stopped = threading.Event()
        self._random = np.random.default_rng(0)
        self._frozen: Picture | None = None
        self.log("started")

    def log(self, event: str, **fields: object) -> None:
        line = json.dumps({"event": event, "pid": os.getpid(), "at": time.monotonic(), **fields}) + "\n"
        fd = os.open(self.folder / "side.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(fd, line.encode())
        os.close(fd)

    def clock(self) -> float:
        return time.monotonic() + self.skew_s

    def look(self) -> Picture:
        if (self.folder / "unplugged").exists():
            raise SideError("the camera is not there; check its cable")
        while (self.folder / "hung").exists():
            time.sleep(0.02)
        if (self.folder / "frozen").exists() and self._frozen is not None:
            return self._frozen
        noise = self._random.integers(0, 30, (48, 64, 3), dtype=np.uint8)
        self._frozen = Picture(noise, self.clock())
        return self._frozen

    def move(self, reach: Reach) -> None:
        self._stopped.clear()
        print("a library that prints")  # noqa: T201 - where packets go, it must not.
        self.log("move", begin=reach.begin, end=reach.end)
        if self._stopped.wait(20.0 if (self.folder / "slow").exists() else self.motion_s):
            self.log("cut")
            raise SideError("the motion was stopped on its way")
        self.log("arrived")

    def stop(self, *, motors_off: bool = False) -> None:
        self.log("stop", motors_off=motors_off)
        self._stopped.set()

    def state(self) -> Mapping[str, str]:
        path = self.folder / "trouble"
        return {"ready": path.read_text() if path.exists() else "yes"}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--motion-s", type=float, default=0.3)
    parser.add_argument("--skew-s", type=float, default=0.0)
    parser.add_argument("--watchdog-s", type=float, default=10.0)
    parser.add_argument("--abandoned-s", type=float, default=20.0)
    parser.add_argument("--frozen-s", type=float, default=5.0)
    parser.add_argument("--silence-latches", action="store_true")
    parser.add_argument("--dry-run", action="store_true")
    given = parser.parse_args()
    side = Scripted(given.folder, given.motion_s, given.skew_s)
    habits = Habits(
        watchdog_s=given.watchdog_s,
        abandoned_s=given.abandoned_s,
        frozen_s=given.frozen_s,
        silence_latches=given.silence_latches,
        dry_run=given.dry_run,
    )
    return serve_streams(side, LIMITS, habits, given.folder / "agent", clock=side.clock)


if __name__ == "__main__":
    raise SystemExit(main())
