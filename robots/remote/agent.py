"""What runs beside one robot: hears requests on its standard input, checks them, moves, answers."""

from pathlib import Path
from typing import BinaryIO

from robots.remote.limits import Limits
from robots.remote.side import RobotSide


def serve(
    side: RobotSide,
    limits: Limits,
    *,
    state_folder: Path,
    watchdog_s: float = 1.0,
    dry_run: bool = False,
    stdin: BinaryIO | None = None,
    stdout: BinaryIO | None = None,
) -> int:
    """Serve one driver until its stream ends; returns the process's exit code."""
    raise NotImplementedError
