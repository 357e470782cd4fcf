"""A site of simulated YuMis: robots, cameras, machines beside them, and the fleet file that leads there.

`python -m robots.yumi.twin.site FOLDER` starts it. To whoever drives it, it looks like real robots elsewhere:
SSH with keys, an agent for each arm, calibrated cameras. Somebody who is not there puts cubes back that
touched the obstacle or a wall; that it was done is for a technician to confirm.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robots.eyes import stored
from robots.fleet import RobotsError
from robots.remote.loopback import Loopback
from robots.tasks.block_push.geometry import breaks_constraint, on_ring
from robots.yumi.controller import TASKS
from robots.yumi.tasks import PUSH
from robots.yumi.twin.calibrated import calibrated
from robots.yumi.twin.camera import Eye
from robots.yumi.twin.optics import optics_of
from robots.yumi.twin.station import Station

STATIONS = 2
HANDS_AFTER_S = 3.0
"""How long a cube has to lie where it should not until hands put it back."""
FLEET_FILE = "fleet.toml"
CALIBRATION = "calibration.json"
DESKS = "desks.json"
"""Arm → address of its robot's desk and the side that it is on: for whoever plays people and faults there."""
_LIMITS = """\
workspace = [-0.24, -0.24, 0.24, 0.24]
max_speed = 0.25
longest = 0.3
half_width = 0.03
"""


@dataclass(frozen=True)
class _Arm:
    name: str
    """Also the user of its machine."""
    station: Station
    side: str


class Site:
    """Runs until `close`; raises RobotsError where it cannot start.

    factor: how many times faster than real arms everything moves. say: hears of what takes a while.
    """

    def __init__(
        self,
        folder: Path,
        *,
        factor: float = 1.0,
        seed: int = 0,
        stations: int = STATIONS,
        hands_after_s: float = HANDS_AFTER_S,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.file = folder / FLEET_FILE
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.file.unlink(missing_ok=True)  # It is there when all that it leads to is there.
        self._over = threading.Event()
        self._all = ExitStack()
        with ExitStack() as begun:
            made = [Station(factor=factor, seed=seed + number) for number in range(stations)]
            for station in made:
                begun.callback(station.close)
            self.stations = tuple(made)
            self._arms = [
                _Arm(f"yumi{number + 1}-{side}", station, side)
                for number, station in enumerate(made)
                for side in TASKS
            ]
            _calibrate(folder / CALIBRATION, say)
            for arm in self._arms:
                _prepare(folder / arm.name, arm)
            house = Loopback(folder / "ssh", {arm.name: _agent(folder, arm) for arm in self._arms})
            begun.callback(house.close)
            self._hands = threading.Thread(target=self._put_back, args=(hands_after_s,), daemon=True)
            self._hands.start()
            begun.callback(self._over.set)
            text = _fleet_file(folder, house, self._arms)
            partial = self.file.with_suffix(".partial")
            partial.write_text(text, encoding="utf-8")
            partial.replace(self.file)
            desks = {arm.name: [arm.station.addresses.desk, arm.side] for arm in self._arms}
            (folder / DESKS).write_text(json.dumps(desks), encoding="utf-8")
            self._all = begun.pop_all()

    def close(self) -> None:
        """End servers, agents and robots."""
        self.file.unlink(missing_ok=True)
        self._all.close()

    def _put_back(self, after_s: float) -> None:
        """Hands: a cube that lies wrong for so long is laid at a side of its obstacle."""
        since: dict[str, float] = {}
        generator = np.random.default_rng()
        while not self._over.wait(0.2):
            for arm in self._arms:
                world = arm.station.worlds[arm.side]
                scene = world.scene()
                if scene.tool is not None or not bool(breaks_constraint(np.array([scene.cube]))[0]):
                    since.pop(arm.name, None)
                elif time.monotonic() - since.setdefault(arm.name, time.monotonic()) > after_s:
                    side = int(generator.integers(4)) * np.pi / 2
                    x, y = on_ring(side + float(generator.uniform(-0.26, 0.26))).tolist()
                    with _busy_is_later():
                        arm.station.hands(arm.side, x, y, float(generator.uniform(-np.pi, np.pi)))
                        since.pop(arm.name, None)


@contextmanager
def _busy_is_later() -> Iterator[None]:
    """An arm that moves just now keeps hands away."""
    try:
        yield
    except RobotsError:
        return


def _calibrate(file: Path, say: Callable[[str], None]) -> None:
    """Once for all: twins' cameras are mounted alike."""
    if not file.exists():
        say("calibrating the cameras")
        stored.save(calibrated(Eye(optics_of())), file)


def _prepare(folder: Path, arm: _Arm) -> None:
    """What lies on the machine beside an arm: credentials, limits."""
    folder.mkdir(exist_ok=True, mode=0o700)
    told = arm.station.credentials
    opened = os.open(folder / "credentials", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(opened, "w", encoding="utf-8") as file:
        file.write(f"{told.user}\n{told.password}\n")
    (folder / "limits.toml").write_text(_LIMITS, encoding="utf-8")
    (folder / "state").mkdir(exist_ok=True)


def _agent(folder: Path, arm: _Arm) -> list[str]:
    beside = folder / arm.name
    addresses = arm.station.addresses
    return [
        sys.executable, "-m", "robots.yumi.agent",
        "--arm", arm.side,
        "--controller", addresses.controller,
        "--credentials", str(beside / "credentials"),
        "--camera", addresses.cameras[arm.side],
        "--limits", str(beside / "limits.toml"),
        "--state-folder", str(beside / "state"),
        "--poll", "0.05",
    ]  # fmt: skip


def _fleet_file(folder: Path, house: Loopback, arms: list[_Arm]) -> str:
    parts = [f'[fleet]\ntask = "{PUSH}"\n']
    for arm in arms:
        address = house.address(arm.name, arm.name)
        parts.append(
            f'[[arm]]\nname = "{arm.name}"\nhost = "{address.host}"\nport = {address.port}\n'
            f'user = "{arm.name}"\n'
            f'key = "ssh/{house.key.name}"\nknown_hosts = "ssh/{house.known_hosts.name}"\n'
            f'command = "agent"\ncalibration = "{CALIBRATION}"\n'
            f"[arm.limits]\n{_LIMITS}"
        )
    return "\n".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Run a site until a signal, or the end of standard input where asked to."""
    parser = argparse.ArgumentParser(prog="python -m robots.yumi.twin.site", description=__doc__)
    parser.add_argument("folder", type=Path, help="for keys, calibrations and the fleet file")
    parser.add_argument("--factor", type=float, default=1.0, help="times faster than real arms (1)")
    parser.add_argument("--seed", type=int, default=0, help="of the cubes' places and the cameras' noise (0)")
    asked = parser.parse_args(arguments)
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())

    def say(text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    try:
        site = Site(asked.folder, factor=asked.factor, seed=asked.seed, say=say)
    except (RobotsError, OSError, ValueError) as error:
        sys.stderr.write(f"The site does not start: {error}\n")
        return 2
    try:
        say(str(site.file))
        over.wait()
    finally:
        site.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
