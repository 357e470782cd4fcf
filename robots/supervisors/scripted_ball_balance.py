"""The scripted supervisor for ball balancing: lean the tray against where the ball is and goes."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from robots import snapshots
from robots.checks import check_ids
from robots.fleet import Snapshot
from robots.randomness import check_seed, generator_for, pack, unpack

ACTION_NOISE = 0.02
"""Standard deviation of the Gaussian noise on each component of an action."""
PLACE_GAIN = 1.0
"""Lean for a ball that lies, or will land, one metre from the middle [rad of a knee]."""
SPEED_GAIN = 0.4
"""Lean for a ball that gets away from the middle at one metre a second [rad of a knee]."""
LARGEST_LEAN = 0.7
"""Knees stay within this much of where the tray is level while the ball lies on it [rad]."""
LARGEST_LEAN_BEFORE = 0.45
"""... and while the ball is in the air: a leaning tray is narrower as seen from above [rad]."""

LARGEST_ACTION = 0.2
"""Faster knees throw the ball up."""
LYING_HEIGHT = 0.67
"""Of the centre of a ball on the level tray [m]."""
IN_THE_AIR = 0.9
"""A ball higher than this touches no tray that leans [m]."""

_GRAVITY = 9.81  # [m/s^2]
_STEP_OF_TARGET = 0.2  # [rad] at action 1.0: 20 rad/s for 1/100 s.
_DIRECTIONS = 2 * np.pi / 3 * np.arange(3)
_SNAPSHOT_VERSION = 1

Floats = NDArray[np.float64]


class TrueState(Protocol):
    """What this supervisor looks at."""

    def balls(self) -> tuple[Floats, Floats]:
        """Positions [m] and velocities [m/s], each (N, 3)."""

    def targets(self) -> Floats:
        """Angles that the knees are held at, (N, 3) [rad]."""


def intended_knees(balls: Floats, velocities: Floats) -> Floats:
    """Knee angles that bring balls back to the middle, (n, 3) [rad]; see TrueState for the arguments."""
    lands = balls[:, :2] + velocities[:, :2] * time_to_fall(balls[:, 2], velocities[:, 2])[:, None]
    lean = PLACE_GAIN * lands + SPEED_GAIN * velocities[:, :2]
    size = np.maximum(np.sqrt((lean**2).sum(axis=1, keepdims=True)), 1e-9)
    largest = np.where(balls[:, 2:] > IN_THE_AIR, LARGEST_LEAN_BEFORE, LARGEST_LEAN)
    lean = lean * np.minimum(1.0, largest / size)
    legs = np.stack([np.cos(_DIRECTIONS), np.sin(_DIRECTIONS)])
    raised: Floats = lean[:, :1] * legs[0] + lean[:, 1:] * legs[1]
    return raised


def time_to_fall(heights: Floats, speeds: Floats) -> Floats:
    """Until balls, (n,) [m] high with upward speeds, (n,) [m/s], lie on a level tray; (n,) [s]."""
    above = np.maximum(heights - LYING_HEIGHT, 0.0)
    time: Floats = (speeds + np.sqrt(speeds**2 + 2 * _GRAVITY * above)) / _GRAVITY
    return np.where(above > 0.0, time, 0.0)


class ScriptedBallBalance:
    """Implements robots.fleet.Supervisor for the ball_balance task.

    seed: of its action noise, a whole number of at least 0. Raises FleetError for other values.
    """

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self._generator = generator_for(check_seed(seed))

    def actions(self, fleet: TrueState, ids: Sequence[int]) -> NDArray[np.float32]:
        """What it does for these robots, with noise, in [-1, 1]; shape (len(ids), 3)."""
        balls, velocities = fleet.balls()
        chosen = check_ids(ids, len(balls))
        knees = intended_knees(balls[chosen], velocities[chosen])
        wanted = (knees - fleet.targets()[chosen]) / _STEP_OF_TARGET
        actions = np.clip(wanted, -LARGEST_ACTION, LARGEST_ACTION)
        actions += self._generator.normal(0.0, ACTION_NOISE, actions.shape)
        return np.clip(actions, -1.0, 1.0).astype(np.float32)

    def snapshot(self) -> Snapshot:
        """State of its own generator."""
        return {
            snapshots.HEADER: snapshots.header("scripted_ball_balance", _SNAPSHOT_VERSION),
            "generator": pack([self._generator]),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Raises FleetError for a snapshot of another kind of supervisor."""
        snapshots.check(snapshot, self.snapshot(), f"supervisor {self.name!r}")
        (self._generator,) = unpack(snapshot["generator"])
