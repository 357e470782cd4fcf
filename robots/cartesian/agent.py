"""Starts the Cartesian arm's agent: `python -m robots.cartesian.agent --state FOLDER`."""

import argparse
import sys
from pathlib import Path

from robots.cartesian.side import CartesianSide
from robots.fleet import RobotsError
from robots.remote.agent import serve
from robots.remote.limits import Limits, Rectangle

LIMITS = Limits(Rectangle(-0.3, -0.2, 0.3, 0.2), max_speed=0.3, longest=0.4, half_width=0.01)


def main(arguments: list[str] | None = None) -> int:
    """The process's exit code."""
    parser = argparse.ArgumentParser(description="The agent of a Cartesian arm in MuJoCo.")
    parser.add_argument("--state", type=Path, required=True, help="folder of this arm's journal and lock")
    parser.add_argument("--seed", type=int, default=0, help="of the camera's noise")
    parser.add_argument("--time-factor", type=float, default=1.0, help="simulated seconds per second")
    parser.add_argument("--dry-run", action="store_true", help="check and answer, and move nothing")
    given = parser.parse_args(arguments)
    try:
        side = CartesianSide(given.seed, given.time_factor)
        return serve(side, LIMITS, state_folder=given.state, dry_run=given.dry_run)
    except (RobotsError, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - the driver reads it as the agent's last words.
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
