"""The physics of one fleet: Panda arms, tables and cubes in MuJoCo, stepped together."""

from functools import cache
from pathlib import Path
from typing import Any

import mujoco  # type: ignore[import-untyped]
import numpy as np
from mujoco.batch import Batch  # type: ignore[import-untyped]
from numpy.typing import NDArray

from robots.tasks.franka_cube_stack.control import ARM_JOINTS, jacobian, torques

Floats = NDArray[np.float64]

SUBSTEPS = 4
"""Of 1/240 s each: control runs at 60 Hz, as in the published task."""
FINGER_OPEN = 0.04
"""[m]"""

_CUBE_A, _CUBE_B, _ARM, _FINGERS = slice(0, 7), slice(7, 14), slice(14, 21), slice(21, 23)  # Of qpos.
_ARM_SPEEDS = slice(12, 19)  # Of qvel.
_FIRST_ARM_JOINT = 2  # After the cubes' free joints.
_SANE_SPEED = 1000.0  # Above what any of these bodies reaches [m/s, rad/s].


@cache
def load_model() -> mujoco.MjModel:
    """The compiled model; MuJoCo's silent reset of simulations that blew up is off in it.

    Its warnings, which it would write to a file in the working folder, are counted by the batch anyway.
    """
    mujoco.set_mju_user_warning(lambda message: None)
    return mujoco.MjModel.from_xml_path(str(Path(__file__).with_name("model.xml")))


class Scene:
    """N simulations. What it shows is current after `refresh` and after `step`."""

    def __init__(self, robots: int, threads: int) -> None:
        model = load_model()
        self.batch = Batch(model, robots, nthread=min(threads, robots))
        for name in ("site_xpos", "site_xquat", "xanchor", "xaxis", "M", "qpos", "qvel", "ctrl"):
            self.batch.bind(name)
        first = model.jnt_dofadr[_FIRST_ARM_JOINT]
        rows = [(row, int(model.M_rowadr[first + row])) for row in range(ARM_JOINTS)]
        self._lower = np.tril_indices(ARM_JOINTS)
        self._stored = np.array([start + column for row, start in rows for column in range(row + 1)])
        self._sites = {name: int(model.site(name).id) for name in ("grip", "left_tip", "right_tip")}

    def place(self, robot: int, cube_a: Floats, cube_b: Floats, angles: Floats, finger: float) -> None:
        """Set one simulation up, at rest: the cubes' poses (7,), quaternion w first, joint angles (7,)."""
        self.batch.state[robot] = 0.0
        positions = self.batch.qpos[robot]
        positions[_CUBE_A], positions[_CUBE_B] = cube_a, cube_b
        positions[_ARM], positions[_FINGERS] = angles, finger
        self.batch.ctrl[robot, ARM_JOINTS:] = finger
        self.batch.warning[robot] = 0

    def refresh(self, robots: Any = None) -> None:
        """Bring what the scene shows up to date with the state."""
        self.batch.forward(ids=robots, stage=int(mujoco.mjtStage.mjSTAGE_VEL))

    def step(self, robots: NDArray[np.intp], actions: Floats) -> None:
        """One control step of these robots; actions, shape (n, 7): see task.FrankaCubeStackFleet."""
        if not robots.size:
            return
        batch = self.batch
        inertia = np.zeros((robots.size, ARM_JOINTS, ARM_JOINTS))
        entries = batch.M[robots][:, self._stored]
        inertia[:, *self._lower] = entries
        inertia[:, *self._lower[::-1]] = entries
        joints = slice(_FIRST_ARM_JOINT, _FIRST_ARM_JOINT + ARM_JOINTS)
        hand = batch.site_xpos[robots, self._sites["grip"]]
        jacobians = jacobian(hand, batch.xanchor[robots, joints], batch.xaxis[robots, joints])
        angles, speeds = batch.qpos[robots, _ARM], batch.qvel[robots, _ARM_SPEEDS]
        batch.ctrl[robots, :ARM_JOINTS] = torques(actions[:, :6], jacobians, inertia, angles, speeds)
        batch.ctrl[robots, ARM_JOINTS:] = np.where(actions[:, 6:] >= 0.0, FINGER_OPEN, 0.0)
        batch.step(ids=robots, nstep=SUBSTEPS, stage=int(mujoco.mjtStage.mjSTAGE_VEL))

    def broken(self) -> NDArray[np.bool_]:
        """Which simulations blew up: numbers that are not finite, or beyond all sense; (N,)."""
        state = np.abs(self.batch.qvel).max(axis=1)
        sane = np.isfinite(self.batch.state).all(axis=1) & (state < _SANE_SPEED)
        broken: NDArray[np.bool_] = ~sane | self.batch.warning.reshape(len(sane), -1).any(axis=1)
        return broken

    def cube(self, name: str) -> Floats:
        """Poses of cube "a" or "b": (N, 7), x, y, z [m] and quaternion, w first."""
        return np.array(self.batch.qpos[:, _CUBE_A if name == "a" else _CUBE_B])

    def site(self, name: str) -> Floats:
        """Positions of "grip", "left_tip" or "right_tip", (N, 3) [m]."""
        return np.array(self.batch.site_xpos[:, self._sites[name]])

    def hand_quaternion(self) -> Floats:
        """Orientations of the hand, (N, 4), w first."""
        return np.array(self.batch.site_xquat[:, self._sites["grip"]])

    def fingers(self) -> Floats:
        """Positions of both fingers, (N, 2) [m], 0 to 0.04."""
        return np.array(self.batch.qpos[:, _FINGERS])
