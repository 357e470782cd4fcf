"""The ant task: a four-legged body runs towards a far target without falling (Table 4)."""

from functools import cache
from pathlib import Path

import mujoco  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from robots.backends import engines
from robots.backends.mujoco import Floats, load_model
from robots.backends.mujoco_fleet import MujocoFleet
from robots.backends.mujoco_view import View
from robots.backends.rotations import axes, into_body, roll_and_yaw, wrapped
from robots.fleet import Spaces
from robots.tasks.ant.running import (
    EPISODE_LENGTH,
    FALL_REWARD,
    FALLEN,
    FORCE_SCALE,
    NAME,
    SPEED_SCALE,
    STEP,
    reward,
)

JOINTS = 8
START_NOISE = 0.2
"""Joints start within this much of their rest, inside their limits [rad]."""
START_SPEED = 0.1
"""... and with speeds of up to this much [rad/s]."""
TARGET = 1000.0
"""How far ahead the target lies, on the world's x axis [m]."""

SUBSTEPS = 2
"""Of the model's time step, in one step."""

_FORCES = 24  # Force and torque of four feet.


@cache
def _model() -> mujoco.MjModel:
    return load_model(Path(__file__).with_name("model.xml"))


class AntFleet(MujocoFleet):
    """N ants, each on a plane of its own; implements robots.fleet.Fleet.

    Observation, 60 float32, in the order of the published task:

    - 0: height of the torso [m]; 1 to 3: its velocity in its own frame [m/s]; 4 to 6: its angular velocity
      in its own frame [rad/s];
    - 7: yaw, 8: roll, 9: angle from its heading to the target, each in -pi to pi [rad];
    - 10: cosine between its z axis and the vertical; 11: cosine between its x axis and the way to the target;
    - 12 to 19: joint angles, -1 and 1 at their limits, in the order hip, ankle of legs 1 to 4;
    - 20 to 27: joint speeds, 1.0 is 5 rad/s;
    - 28 to 51: for each foot the force, 1.0 is 10 N, and torque, 1.0 is 10 N m, between foot and leg, in the
      foot's frame, zeros at a start;
    - 52 to 59: the last action, zeros at a start.

    Action, 8, in [-1, 1]: torques of the joints, 1.0 is 15 N m. A step is 1/60 s. Reward is the published one
    (running.reward). A torso lower than 0.31 m has fallen: a violation, reward -2. 1,000 steps without a
    fall are `done`, and success at 95 % of what the trained supervisor reaches.

    robots: 1 to 1000. seed: a whole number of at least 0. Ants never influence each other. backend: one of
    engines.NAMES. Raises FleetError for other values.
    """

    task = NAME
    spaces = Spaces(observation_shape=(60,), observation_dtype="float32", action_size=JOINTS)
    episode_length = EPISODE_LENGTH
    success_return = 10850.0  # The supervisor's mean over 200 episodes was 11417.
    view = View(follow="torso", distance=3.6, height=0.35)

    def __init__(
        self, robots: int, seed: int, threads: int | None = None, backend: str = engines.DEFAULT
    ) -> None:
        robots, seed = self.checked(robots, seed)
        model = _model()
        super().__init__(robots, seed, engines.simulations(backend, model, robots, ["sensordata"], threads))
        self._lower, self._upper = model.jnt_range[1:].T
        self._range = self._upper - self._lower
        self._rest = np.clip(0.0, self._lower, self._upper)
        self._memory["forces"] = np.zeros((robots, _FORCES))
        self._before = np.zeros(robots)
        self._begin(list(range(robots)))

    def begin(self, robot: int, generator: np.random.Generator) -> None:
        """At the origin, heading for the target, every joint near its rest."""
        angles = self._rest + generator.uniform(-START_NOISE, START_NOISE, JOINTS)
        self._simulations.positions[robot, 7:] = np.clip(angles, self._lower, self._upper)
        self._simulations.speeds[robot, 6:] = generator.uniform(-START_SPEED, START_SPEED, JOINTS)

    def move(self, robots: NDArray[np.intp], actions: Floats) -> None:
        """Hold these torques for one step."""
        self._before[robots] = self._to_target()[robots]
        self._simulations.controls[robots] = actions
        self._simulations.step(robots, SUBSTEPS)
        self._memory["forces"][robots] = self._simulations.derived("sensordata")[robots]

    def see(self) -> Floats:
        """Observations, (N, 60), as documented above."""
        positions, speeds = self._simulations.positions, self._simulations.speeds
        frame = axes(positions[:, 3:7])
        roll, yaw = roll_and_yaw(frame)
        to_target = np.arctan2(-positions[:, 1], TARGET - positions[:, 0])
        up, heading = self._up_and_heading(frame)
        angles = np.array([yaw, roll, wrapped(to_target - yaw), up, heading])
        return np.concatenate(
            [
                positions[:, 2:3],
                into_body(speeds[:, :3], frame),
                speeds[:, 3:6],  # A free body's angular velocity is in its own frame already.
                angles.T,
                self._joints(),
                SPEED_SCALE * speeds[:, 6:],
                FORCE_SCALE * self._memory["forces"],
                self._memory["actions"],
            ],
            axis=1,
        )

    def judge(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Rewards of the last step, and who has fallen."""
        fallen = self._simulations.positions[:, 2] < FALLEN
        progress = (self._before - self._to_target()) / STEP
        speeds = SPEED_SCALE * self._simulations.speeds[:, 6:]
        up, heading = self._up_and_heading(axes(self._simulations.positions[:, 3:7]))
        rewards = reward(progress, up, heading, self._joints(), speeds, self._memory["actions"])
        return np.where(fallen, FALL_REWARD, rewards), fallen

    def _to_target(self) -> Floats:
        """Horizontal distance to the target, (N,) [m]."""
        x, y = self._simulations.positions[:, 0], self._simulations.positions[:, 1]
        distance: Floats = np.sqrt((TARGET - x) ** 2 + y**2)
        return distance

    def _up_and_heading(self, frame: Floats) -> tuple[Floats, Floats]:
        """Cosines between z axis and vertical, and between x axis and the way to the target, (N,)."""
        forward, _, up = frame
        x, y = self._simulations.positions[:, 0], self._simulations.positions[:, 1]
        towards = ((TARGET - x) * forward[0] - y * forward[1]) / self._to_target()
        return up[2], towards

    def _joints(self) -> Floats:
        """Joint angles scaled to [-1, 1] by their limits, (N, 8)."""
        scaled: Floats = 2 * self._simulations.positions[:, 7:] - self._upper - self._lower
        scaled /= self._range
        return scaled
