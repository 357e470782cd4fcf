"""Stands in for the Isaac Gym worker: the same loop and protocol round a toy task, and faults on demand.

python worker.py [FAULT]: carts on a table of 2 m are pushed along x and y; beyond it is a violation.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[3] / "robots" / "backends" / "isaacgym"))
import protocol
import worker

FAULT = sys.argv[1] if len(sys.argv) > 1 else ""
STEP_S = 0.1


class Carts:
    """State of each: place (x, y) [m], velocity (x, y) [m/s]. Every cart has a generator of its own."""

    observation_size, action_size = 4, 2

    def __init__(self, task: str, robots: int, seed: int) -> None:
        if task != "cart":
            raise ValueError(f"there is no task {task!r}")
        self._drawn = np.zeros(robots, dtype=np.int64)
        self._seed = seed
        self._state = np.zeros((robots, 4))
        self.reset(np.arange(robots))

    def observe(self) -> np.ndarray:
        return self._state.copy()

    def step(self, actions: np.ndarray, active: np.ndarray) -> tuple:
        _misbehave()
        pushed = self._state.copy()
        pushed[:, 2:] += STEP_S * actions
        pushed[:, :2] += STEP_S * pushed[:, 2:]
        self._state[active] = pushed[active]
        seen = self.observe()
        if FAULT == "nan" and actions[1, 0] > 0.5:
            seen[1, 0] = np.nan
        off = np.abs(self._state[:, :2]).max(axis=1)
        outside = off > 1
        return seen, -off, outside, np.zeros(len(outside), dtype=bool)

    def reset(self, ids: np.ndarray) -> None:
        for robot in ids.tolist():
            generator = np.random.default_rng([self._seed, robot, int(self._drawn[robot])])
            self._state[robot] = *generator.uniform(-0.8, 0.8, 2), 0.0, 0.0
            self._drawn[robot] += 1

    def snapshot(self) -> dict[str, np.ndarray]:
        return {"state": self._state, "drawn": self._drawn, "seed": np.array([self._seed], dtype=np.uint64)}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        self._state[:], self._drawn[:], self._seed = arrays["state"], arrays["drawn"], int(arrays["seed"][0])


def _misbehave() -> None:
    if FAULT == "dies":
        os.write(2, b"out of memory on the GPU\n")
        os._exit(9)
    if FAULT == "hangs":
        time.sleep(600)
    if FAULT == "raises":
        raise RuntimeError("PhysX is unwell")
    if FAULT == "prints":
        os.write(1, b"a library says hello on standard output\n")


if FAULT == "garbage":
    os.write(1, b"Importing module 'gym_38' ...\n")
if FAULT == "flood":
    os.write(1, protocol._PREAMBLE.pack(b"IIFG", 10, 1 << 60))
if FAULT == "old":
    protocol.VERSION = 0
if FAULT == "other shape":
    Carts.observation_size = 3
worker.serve(Carts, "stand-in")
