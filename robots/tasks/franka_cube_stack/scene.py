"""Where arm, hand and cubes are in the simulations, and how an action becomes motion."""

from functools import cache
from pathlib import Path

import mujoco  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from robots.backends import engines
from robots.backends.mujoco import Floats, load_model
from robots.tasks.franka_cube_stack.control import ARM_JOINTS, jacobian, torques

SUBSTEPS = 4
"""Of 1/240 s each: control runs at 60 Hz, as in the published task."""
FINGER_OPEN = 0.04
"""[m]"""

_CUBE_A, _CUBE_B, _ARM, _FINGERS = slice(0, 7), slice(7, 14), slice(14, 21), slice(21, 23)  # Of qpos.
_ARM_SPEEDS = slice(12, 19)  # Of qvel.
_JOINTS = slice(2, 2 + ARM_JOINTS)  # The cubes' free joints come first.


@cache
def model() -> mujoco.MjModel:
    """The compiled model."""
    return load_model(Path(__file__).with_name("model.xml"))


class Scene:
    """N arms, each with a table and two cubes."""

    def __init__(self, robots: int, threads: int | None = None, backend: str = engines.DEFAULT) -> None:
        derived = ("site_xpos", "site_xquat", "xanchor", "xaxis", "M")
        self.simulations = engines.simulations(backend, model(), robots, derived, threads)
        first = model().jnt_dofadr[_JOINTS.start]
        rows = [int(model().M_rowadr[first + row]) for row in range(ARM_JOINTS)]
        self._inertia = np.array(
            [[rows[max(i, j)] + min(i, j) for j in range(ARM_JOINTS)] for i in range(ARM_JOINTS)]
        )
        """Where each entry of the arm's inertia stands in "M", which holds its lower half row by row."""
        self._sites = {name: int(model().site(name).id) for name in ("grip", "left_tip", "right_tip")}

    def place(self, robot: int, cube_a: Floats, cube_b: Floats, angles: Floats, finger: float) -> None:
        """Set a cleared simulation up: the cubes' poses (7,), quaternion w first, joint angles (7,)."""
        positions = self.simulations.positions[robot]
        positions[_CUBE_A], positions[_CUBE_B] = cube_a, cube_b
        positions[_ARM], positions[_FINGERS] = angles, finger
        self.simulations.controls[robot, ARM_JOINTS:] = finger

    def step(self, robots: NDArray[np.intp], actions: Floats) -> None:
        """One control step of these robots; actions, shape (n, 7): see task.FrankaCubeStackFleet."""
        simulations = self.simulations
        inertia = simulations.derived("M")[robots].take(self._inertia, axis=1)  # (n, 7, 7)
        hand = simulations.derived("site_xpos")[robots, self._sites["grip"]]
        anchors, axes = (simulations.derived(name)[robots, _JOINTS] for name in ("xanchor", "xaxis"))
        angles, speeds = simulations.positions[robots, _ARM], simulations.speeds[robots, _ARM_SPEEDS]
        simulations.controls[robots, :ARM_JOINTS] = torques(
            actions[:, :6], jacobian(hand, anchors, axes), inertia, angles, speeds
        )
        simulations.controls[robots, ARM_JOINTS:] = np.where(actions[:, 6:] >= 0.0, FINGER_OPEN, 0.0)
        simulations.step(robots, SUBSTEPS)

    def cube(self, name: str) -> Floats:
        """Poses of cube "a" or "b": (N, 7), x, y, z [m] and quaternion, w first."""
        return self.simulations.positions[:, _CUBE_A if name == "a" else _CUBE_B].copy()

    def angles(self) -> Floats:
        """Joint angles of the arms, (N, 7) [rad]."""
        return self.simulations.positions[:, _ARM].copy()

    def site(self, name: str) -> Floats:
        """Positions of "grip", "left_tip" or "right_tip", (N, 3) [m]."""
        return np.array(self.simulations.derived("site_xpos")[:, self._sites[name]])

    def hand_quaternion(self) -> Floats:
        """Orientations of the hand, (N, 4), w first."""
        return np.array(self.simulations.derived("site_xquat")[:, self._sites["grip"]])

    def fingers(self) -> Floats:
        """Positions of both fingers, (N, 2) [m], 0 to 0.04."""
        return self.simulations.positions[:, _FINGERS].copy()
