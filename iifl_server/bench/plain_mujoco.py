"""Single MuJoCo robots in plain Python: `mj_step`, and observation, reward and violation of one robot."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import mujoco  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from iifl_server.bench.plain_robots import Outcome, checked
from robots.backends.mujoco import SANE
from robots.backends.physics import Floats
from robots.tasks.ant import running
from robots.tasks.ant import task as ant
from robots.tasks.anymal import task as anymal
from robots.tasks.anymal import walking
from robots.tasks.ball_balance import balancing
from robots.tasks.ball_balance import task as ball
from robots.tasks.franka_cube_stack import control, scene, stacking


class PlainMujoco(ABC):
    """One MuJoCo simulation, its last action, and whatever else a task remembers of a robot."""

    substeps: int

    def __init__(self, model: Any) -> None:
        self.model, self.data = model, mujoco.MjData(model)
        self.action = np.zeros(0)
        self.waiting = False

    def load(self, memory: Mapping[str, NDArray[Any]]) -> None:
        """Take over where a fleet's robot stands: its part of every array of the fleet's snapshot."""
        mujoco.mj_setState(self.model, self.data, memory["physics"], mujoco.mjtState.mjSTATE_INTEGRATION)
        mujoco.mj_step1(self.model, self.data)
        self.action = memory["memory_actions"].copy()
        self.waiting = bool(memory["waiting"])

    def step(self, action: NDArray[np.float32]) -> Outcome:
        """Move once; a robot in violation rests."""
        action = checked(action)
        reward = 0.0
        if not self.waiting:
            self.action = action.astype(np.float64)
            self.command(self.action)
            mujoco.mj_step(self.model, self.data, nstep=self.substeps)
            self.bring_up_to_date()
            if not np.isfinite(self.data.qpos).all() or not np.abs(self.data.qvel).max() < SANE:
                raise RuntimeError("the simulation blew up")
            reward, self.waiting = self.judge()
        return Outcome(self.see().astype(np.float32), reward, self.waiting)

    @abstractmethod
    def command(self, action: Floats) -> None:
        """Write the controls."""

    def bring_up_to_date(self) -> None:
        """Read what a task needs besides positions and speeds, after the last substep."""
        return

    @abstractmethod
    def see(self) -> Floats:
        """The observation, (S,)."""

    @abstractmethod
    def judge(self) -> tuple[float, bool]:
        """Reward and violation."""

    def turned(self, quaternion: Floats) -> Floats:
        """Rotation matrix of a quaternion, (3, 3); its columns are the body's axes."""
        matrix = np.empty(9)
        mujoco.mju_quat2Mat(matrix, quaternion)
        return matrix.reshape(3, 3)


class PlainAnt(PlainMujoco):
    """One ant."""

    substeps = ant.SUBSTEPS

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.lower, self.upper = model.jnt_range[1:].T
        self.forces = np.zeros(24)
        self.before = 0.0

    def load(self, memory: Mapping[str, NDArray[Any]]) -> None:
        super().load(memory)
        self.forces = memory["memory_forces"].copy()

    def command(self, action: Floats) -> None:
        self.before = self.to_target()
        self.data.ctrl[:] = action

    def bring_up_to_date(self) -> None:
        self.forces = self.data.sensordata.copy()

    def see(self) -> Floats:
        position, speed = self.data.qpos, self.data.qvel
        turn = self.turned(position[3:7])
        yaw, roll = math.atan2(turn[1, 0], turn[0, 0]), math.atan2(turn[2, 1], turn[2, 2])
        angle = math.atan2(-position[1], ant.TARGET - position[0]) - yaw
        return np.concatenate(
            [
                [position[2]],
                turn.T @ speed[:3],
                speed[3:6],
                [yaw, roll, (angle + math.pi) % (2 * math.pi) - math.pi, turn[2, 2], self.heading(turn)],
                self.joints(),
                running.SPEED_SCALE * speed[6:],
                running.FORCE_SCALE * self.forces,
                self.action,
            ]
        )

    def judge(self) -> tuple[float, bool]:
        if self.data.qpos[2] < running.FALLEN:
            return running.FALL_REWARD, True
        turn = self.turned(self.data.qpos[3:7])
        progress = (self.before - self.to_target()) / running.STEP
        straight = 0.5 * min(self.heading(turn) / 0.8, 1.0)
        upright = 0.1 if turn[2, 2] > 0.93 else 0.0
        speeds = running.SPEED_SCALE * self.data.qvel[6:]
        effort = 0.005 * (self.action**2).sum() + 0.05 * np.abs(self.action * speeds).sum()
        at_limits = 0.1 * (self.joints() > 0.99).sum()
        return float(progress + 0.5 + straight + upright - effort - at_limits), False

    def to_target(self) -> float:
        """Horizontal distance to the target [m]."""
        return math.hypot(ant.TARGET - self.data.qpos[0], self.data.qpos[1])

    def heading(self, turn: Floats) -> float:
        """Cosine between the x axis and the way to the target."""
        x, y = self.data.qpos[:2]
        return float(((ant.TARGET - x) * turn[0, 0] - y * turn[1, 0]) / self.to_target())

    def joints(self) -> Floats:
        """Joint angles, -1 and 1 at their limits, (8,)."""
        scaled: Floats = (2 * self.data.qpos[7:] - self.upper - self.lower) / (self.upper - self.lower)
        return scaled


class PlainAnymal(PlainMujoco):
    """One ANYmal."""

    substeps = anymal.SUBSTEPS

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.wanted = np.zeros(3)

    def load(self, memory: Mapping[str, NDArray[Any]]) -> None:
        super().load(memory)
        self.wanted = memory["memory_commands"].copy()

    def command(self, action: Floats) -> None:
        self.data.ctrl[:] = anymal.REST + anymal.FULL_TURN * action

    def see(self) -> Floats:
        position, speed = self.data.qpos, self.data.qvel
        turn = self.turned(position[3:7])
        seen = np.concatenate(
            [
                walking.LINEAR_SCALE * (turn.T @ speed[:3]),
                walking.ANGULAR_SCALE * speed[3:6],
                -turn[2],
                self.wanted * [walking.LINEAR_SCALE, walking.LINEAR_SCALE, walking.ANGULAR_SCALE],
                position[7:] - anymal.REST,
                walking.JOINT_SPEED_SCALE * speed[6:],
                self.action,
            ]
        )
        return np.clip(seen, -5.0, 5.0, out=seen)

    def judge(self) -> tuple[float, bool]:
        linear = self.turned(self.data.qpos[3:7]).T @ self.data.qvel[:3]
        off = (self.wanted[0] - linear[0]) ** 2 + (self.wanted[1] - linear[1]) ** 2
        turning_off = (self.wanted[2] - self.data.qvel[5]) ** 2
        tracking = math.exp(-off / 0.25) + 0.5 * math.exp(-turning_off / 0.25)
        reward = walking.STEP * max(tracking - 2.5e-5 * (self.data.actuator_force**2).sum(), 0.0)
        return float(reward), bool((self.data.sensordata > 0).any())


class PlainBallBalance(PlainMujoco):
    """One tray with its ball."""

    substeps = ball.SUBSTEPS

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.lower, self.upper = np.array([model.joint(f"knee_{leg}").range for leg in (1, 2, 3)]).T
        self.mounts = [ball.LEG_DISTANCE * np.array([math.cos(a), math.sin(a), 0.0]) for a in ball.LEGS]
        self.targets = np.zeros(3)
        self.touch = np.zeros(6)

    def load(self, memory: Mapping[str, NDArray[Any]]) -> None:
        super().load(memory)
        self.targets, self.touch = memory["memory_targets"].copy(), memory["memory_touch"].copy()

    def command(self, action: Floats) -> None:
        self.targets = np.clip(self.targets + ball.STEP * ball.FULL_SPEED * action, self.lower, self.upper)
        self.data.ctrl[:] = self.targets

    def bring_up_to_date(self) -> None:
        self.touch = self.data.sensordata.copy()

    def see(self) -> Floats:
        position, speed = self.data.qpos, self.data.qvel
        turn = self.turned(position[3:7])
        force = turn.T @ self.touch[:3]
        place = turn.T @ (self.touch[3:] - position[:3])
        torques = [torque(place - mount, force) for mount in self.mounts]
        touches = ball.FORCE_SCALE * np.concatenate([force, *torques])
        return np.concatenate(
            [position[[8, 10, 12]], speed[[7, 9, 11]], position[13:16], speed[12:15], touches]
        )

    def judge(self) -> tuple[float, bool]:
        x, y, z = self.data.qpos[13:16]
        off = math.sqrt(x * x + y * y + (z - balancing.WANTED_HEIGHT) ** 2)
        speed = math.hypot(*self.data.qvel[12:15])
        return 1.0 / (1.0 + off) / (1.0 + speed), bool(z < balancing.LOST_HEIGHT)


def torque(place: Floats, force: Floats) -> Floats:
    """Cross product, written out: np.cross takes many times as long for one pair."""
    (x, y, z), (fx, fy, fz) = place.tolist(), force.tolist()
    return np.array([y * fz - z * fy, z * fx - x * fz, x * fy - y * fx])


class PlainFranka(PlainMujoco):
    """One arm at its table, with the same operational-space control."""

    substeps = scene.SUBSTEPS

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.sites = [int(model.site(name).id) for name in ("grip", "left_tip", "right_tip")]

    def command(self, action: Floats) -> None:
        model, data = self.model, self.data
        linear, angular = np.empty((3, model.nv)), np.empty((3, model.nv))
        mujoco.mj_jacSite(model, data, linear, angular, self.sites[0])
        jacobian = np.concatenate([linear, angular])[:, 12:19]
        everything = np.empty((model.nv, model.nv))
        mujoco.mj_fullM(model, data, everything)
        inertia = everything[12:19, 12:19]
        angles, speeds = data.qpos[14:21], data.qvel[12:19]
        wanted = np.concatenate([control.FULL_MOVE * action[:3], control.FULL_TURN * action[3:6]])
        damping, null_damping = 2.0 * math.sqrt(150.0), 2.0 * math.sqrt(10.0)
        mobility = np.linalg.solve(inertia, jacobian.T)
        hand_inertia = np.linalg.inv(jacobian @ mobility)
        force = hand_inertia @ (150.0 * wanted - damping * (jacobian @ speeds))
        away = (control.REST - angles + math.pi) % (2 * math.pi) - math.pi
        posture = inertia @ (10.0 * away - null_damping * speeds)
        idle = posture - jacobian.T @ (hand_inertia @ (mobility.T @ posture))
        limits = control.TORQUE_LIMITS
        data.ctrl[:7] = np.clip(jacobian.T @ force + idle, -limits, limits)
        data.ctrl[7:] = scene.FINGER_OPEN if action[6] >= 0.0 else 0.0

    def bring_up_to_date(self) -> None:
        mujoco.mj_step1(self.model, self.data)  # Sites, joints' axes and inertia of the state just reached.

    def see(self) -> Floats:
        position = self.data.qpos
        hand = np.empty(4)
        mujoco.mju_mat2Quat(hand, self.data.site_xmat[self.sites[0]])
        return np.concatenate(
            [
                position[[4, 5, 6, 3]],
                position[:3],
                position[7:10] - position[:3],
                self.data.site_xpos[self.sites[0]],
                hand[[1, 2, 3, 0]],
                position[21:23],
            ]
        )

    def judge(self) -> tuple[float, bool]:
        a, b = self.data.qpos[:3], self.data.qpos[7:10]
        to_hand, to_left, to_right = (math.dist(a, self.data.site_xpos[site]) for site in self.sites)
        height = a[2] - stacking.TABLE_TOP
        off = a - b
        across = math.hypot(off[0], off[1])
        if across < 0.02 and abs(height - (stacking.SIZE_B + stacking.SIZE_A / 2)) < 0.02 and to_hand > 0.04:
            return stacking.STACK_REWARD, False
        lifted = height - stacking.SIZE_A > 0.04
        to_place = math.hypot(off[0], off[1], off[2] - (stacking.SIZE_A + stacking.SIZE_B) / 2)
        aligned = 1 - math.tanh(10.0 * to_place) if lifted else 0.0
        near = max(1 - math.tanh(10.0 * (to_hand + to_left + to_right) / 3), aligned)
        return 0.1 * near + 1.5 * lifted + 2.0 * aligned, False


PLAIN_MUJOCO: dict[str, type[PlainMujoco]] = {
    "ant": PlainAnt,
    "anymal": PlainAnymal,
    "ball_balance": PlainBallBalance,
    "franka_cube_stack": PlainFranka,
}
"""Name of a task to its plain robot."""
