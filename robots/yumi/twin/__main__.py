"""Start one simulated YuMi: `python -m robots.yumi.twin`; it says where it is, and runs until it is ended."""

import argparse
import json
import os
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from robots.fleet import RobotsError
from robots.yumi.twin.station import Station


def main(arguments: list[str] | None = None) -> int:
    """Writes one line of JSON (robots.yumi.twin.station.Addresses), and credentials to a file where asked to;
    then waits for a signal."""
    parser = argparse.ArgumentParser(prog="python -m robots.yumi.twin", description=__doc__)
    parser.add_argument("--factor", type=float, default=1.0, help="times faster than a real arm (1)")
    parser.add_argument("--seed", type=int, default=0, help="of the cubes' places and the cameras' noise (0)")
    parser.add_argument("--latency", type=float, default=0.08, help="of the cameras, in seconds (0.08)")
    parser.add_argument("--port", type=int, default=0, help="of the controller (any that is free)")
    parser.add_argument("--desk-port", type=int, default=0, help="of pictures, faults and hands (any)")
    parser.add_argument("--credentials", type=Path, help="write user and password to this file")
    parser.add_argument("--attached", action="store_true", help="end with standard input, too")
    asked = parser.parse_args(arguments)
    try:
        station = Station(
            factor=asked.factor,
            seed=asked.seed,
            latency_s=asked.latency,
            port=asked.port,
            desk_port=asked.desk_port,
        )
    except (RobotsError, OSError, ValueError) as error:
        sys.stderr.write(f"The twin does not start: {error}\n")
        return 2
    try:
        station.cameras()
        told = asdict(station.addresses)
        if asked.credentials is not None:
            user, password = told.pop("user"), told.pop("password")
            opened = os.open(asked.credentials, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(opened, "w", encoding="utf-8") as file:
                file.write(f"{user}\n{password}\n")
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        _wait(asked.attached)
    finally:
        station.close()
    return 0


def _wait(attached: bool) -> None:
    over = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, frame: over.set())

    def read() -> None:
        while sys.stdin.buffer.read(1024):
            continue
        over.set()

    if attached:
        threading.Thread(target=read, daemon=True).start()
    over.wait()


if __name__ == "__main__":
    sys.exit(main())
