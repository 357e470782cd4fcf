"""What runs beside one YuMi arm, started through SSH: `python -m robots.yumi.agent`."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from robots.fleet import RobotsError
from robots.remote.agent import serve
from robots.remote.side import SideError
from robots.yumi.capture import Capture
from robots.yumi.controller import TASKS, Rws1Controller
from robots.yumi.credentials import find_credentials
from robots.yumi.limits_file import read_limits
from robots.yumi.mastership import access_for
from robots.yumi.side import YumiSide
from robots.yumi.sources import source_for

UNUSABLE = 4
"""Exit code: what was asked for cannot be; standard error says why."""


def parser() -> argparse.ArgumentParser:
    """The agent's command line. Credentials are never a part of it: anybody may read a command line."""
    made = argparse.ArgumentParser(prog="python -m robots.yumi.agent", description=__doc__)
    made.add_argument("--arm", choices=sorted(TASKS), required=True)
    made.add_argument("--controller", required=True, metavar="URL", help="as in http://192.168.125.1")
    made.add_argument("--credentials", type=Path, metavar="FILE", help="user name and password, a line each")
    made.add_argument("--camera", required=True, help="number, path, or URL of a stream or of single JPEGs")
    made.add_argument(
        "--limits", type=Path, required=True, metavar="FILE", help="where the tool may be (TOML)"
    )
    made.add_argument("--state-folder", type=Path, required=True, metavar="FOLDER", help="this arm's alone")
    made.add_argument("--robotware", type=int, default=6, help="6 is the only one that was written for")
    made.add_argument(
        "--watchdog", type=float, default=1.0, metavar="S", help="silence that stops the arm (1)"
    )
    made.add_argument("--call-limit", type=float, default=3.0, metavar="S", help="of every request (3)")
    made.add_argument("--poll", type=float, default=0.15, metavar="S", help="between looks for an end (0.15)")
    made.add_argument("--dry-run", action="store_true", help="check and answer, and move nothing")
    made.add_argument(
        "--start-program", action="store_true", help="set the pointers to main and start both arms"
    )
    made.add_argument("--check", action="store_true", help="say how robot and camera are, and end")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve one driver on the standard streams until it goes away; exit codes are `serve`'s and UNUSABLE."""
    asked = parser().parse_args(arguments)
    try:
        side, camera = _side(asked)
        try:
            if asked.check:
                return _check(side, camera)
            return serve(
                side,
                read_limits(asked.limits),
                state_folder=asked.state_folder,
                watchdog_s=asked.watchdog,
                dry_run=asked.dry_run,
            )
        finally:
            side.close()
    except (RobotsError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return UNUSABLE


def _side(asked: argparse.Namespace) -> tuple[YumiSide, Capture]:
    read_limits(asked.limits)  # Refused before anything is opened.
    credentials = find_credentials(asked.credentials)
    access = access_for(asked.robotware)
    opener = source_for(asked.camera)
    controller = Rws1Controller(
        asked.controller, asked.arm, credentials, limit_s=asked.call_limit, access=access
    )
    if asked.start_program and not asked.dry_run:
        controller.start_program()
    camera = Capture(opener)
    return YumiSide(controller, camera, poll_s=asked.poll), camera


def _check(side: YumiSide, camera: Capture) -> int:
    with suppress(SideError):
        camera.wait(3.0)
    state = side.state()
    for name, value in state.items():
        sys.stdout.write(f"{name}: {value}\n")
    return 0 if state["ready"] == "yes" else UNUSABLE


if __name__ == "__main__":
    sys.exit(main())
