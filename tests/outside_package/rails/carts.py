"""Carts that are to stop in the middle of their rails, and a script that drives them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robots import snapshots
from robots.fleet import Snapshot, Spaces
from robots.own_fleet import Moved, OwnFleet, State
from robots.randomness import check_seed, generator_for, pack, unpack

SPACES = Spaces(observation_shape=(2,), observation_dtype="float32", action_size=1)
EPISODE_LENGTH = 50


class Carts(OwnFleet):
    """A rail is 2 m long. State: position [m], speed [m/s]."""

    task = "cart"
    spaces = SPACES
    episode_length = EPISODE_LENGTH

    def begin(self, generator: np.random.Generator) -> State:
        return np.array([generator.uniform(-0.8, 0.8), 0.0])

    def move(self, state: State, action: NDArray[np.float32]) -> Moved:
        speed = state[1] + 0.1 * action[0]  # 1 m/s^2 at most, for 0.1 s.
        position = state[0] + 0.1 * speed
        stopped = abs(position) < 0.05 and abs(speed) < 0.05
        return Moved(np.array([position, speed]), float(stopped), stopped, violation=abs(position) > 1)

    def see(self, state: State) -> NDArray[Any]:
        return state


class Brakeman:
    """Drives to the middle, with a little noise; implements robots.fleet.Supervisor."""

    def __init__(self, seat: int, seed: int) -> None:
        self.name = f"scripted {seat + 1}"
        self._generator = generator_for(check_seed(seed), seat)

    def actions(self, fleet: Carts, ids: Sequence[int]) -> NDArray[np.float32]:
        position, speed = fleet.states()[list(ids)].T
        wanted = -2 * position - 3 * speed + self._generator.normal(0.0, 0.1, len(ids))
        return np.clip(wanted, -1, 1)[:, None].astype(np.float32)

    def snapshot(self) -> Snapshot:
        return {
            snapshots.HEADER: snapshots.header("brakeman", 1),
            "generator": pack([self._generator]),
        }

    def restore(self, snapshot: Snapshot) -> None:
        snapshots.check(snapshot, self.snapshot(), f"supervisor {self.name!r}")
        (self._generator,) = unpack(snapshot["generator"])
