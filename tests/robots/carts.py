"""Carts on a rail: the smallest simulated task, for tests of what stands around tasks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from robots.fleet import Spaces
from robots.own_fleet import Moved, OwnFleet, State


class Carts(OwnFleet):
    """Each is to stop in the middle of its rail. State: position [m], speed [m/s]."""

    task = "carts"
    spaces = Spaces(observation_shape=(2,), observation_dtype="float32", action_size=2)
    episode_length = 40

    def begin(self, generator: np.random.Generator) -> State:
        return np.array([generator.uniform(-0.8, 0.8), 0.0])

    def move(self, state: State, action: NDArray[np.float32]) -> Moved:
        speed = state[1] + 0.05 * float(action.sum())
        position = state[0] + speed
        stopped = abs(position) < 0.05 and abs(speed) < 0.05
        return Moved(np.array([position, speed]), float(stopped), stopped, violation=abs(position) > 1)

    def see(self, state: State) -> NDArray[Any]:
        return state
