"""How many pictures a second are rendered and drawn as schematics, and what one costs of a core.

For instance: python tests/benchmarks/frames_rendered_and_schematic.py --seconds 5
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import mujoco
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from robots.backends import mujoco_render, opengl
from robots.tasks.ant.task import AntFleet
from robots.tasks.anymal.task import AnymalFleet
from robots.tasks.ball_balance.task import BallBalanceFleet
from robots.tasks.franka_cube_stack.task import FrankaCubeStackFleet

FLEETS = (AntFleet, AnymalFleet, BallBalanceFleet, FrankaCubeStackFleet)
ROBOTS = 8
SEED = 0


def rate(draw: Callable[[int], object], seconds: float) -> tuple[float, float]:
    """Pictures a second by the clock, and milliseconds of all of this process's threads for one."""
    draw(0)
    begun, used, drawn = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - begun < seconds:
        draw(drawn % ROBOTS)
        drawn += 1
    return drawn / (time.perf_counter() - begun), 1000 * (time.process_time() - used) / drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    choice = opengl.chosen()
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    print(f"seed {SEED}, mujoco {mujoco.__version__}; {choice.text}")
    mujoco_render._studio = mujoco_render.Studio(first_s=60, patience_s=60)
    print("| task | rendered a second | ms of a core | schematics a second | ms of a core |")
    print("|---|---|---|---|---|")
    for kind in FLEETS:
        fleet = kind(ROBOTS, SEED)
        actions = np.zeros((ROBOTS, fleet.spaces.action_size), dtype=np.float32)
        for _ in range(30):
            fleet.act(actions, np.ones(ROBOTS, dtype=np.bool_))
        figures = [rate(fleet.schematic, options.seconds)]
        if choice.kind is not None:
            figures.insert(0, rate(lambda robot: fleet.frames([robot]), options.seconds))  # noqa: B023
        cells = [f"{a_second:.0f} | {cost:.1f}" for a_second, cost in figures]
        print(f"| {kind.task} | {' | '.join(cells if len(cells) == 2 else ['– | –', *cells])} |", flush=True)


if __name__ == "__main__":
    main()
