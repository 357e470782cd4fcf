"""The ANYmal task: a quadruped walks as commanded; base and thighs may not touch the ground (Table 4)."""

from functools import cache
from pathlib import Path

import mujoco  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from robots.backends import engines
from robots.backends.mujoco import Floats, load_model
from robots.backends.mujoco_fleet import MujocoFleet
from robots.backends.mujoco_view import View
from robots.backends.rotations import axes, into_body
from robots.fleet import Spaces
from robots.tasks.anymal.walking import (
    ANGULAR_SCALE,
    COMMANDS,
    EPISODE_LENGTH,
    JOINT_SPEED_SCALE,
    LINEAR_SCALE,
    NAME,
    reward,
)

JOINTS = 12
FULL_TURN = 0.5
"""How far action 1.0 moves a joint's target from its rest [rad]."""
REST = np.array([0.03, 0.4, -0.8, 0.03, -0.4, 0.8, -0.03, 0.4, -0.8, -0.03, -0.4, 0.8])
"""Joint angles at action 0: abduction, hip, knee of legs LF, LH, RF, RH [rad]."""
START_SHARE = (0.5, 1.5)
"""Joints start at their rest times a number in this range."""
START_SPEED = 0.1
"""... and with speeds of up to this much [rad/s]."""

SUBSTEPS = 4
"""Of the model's time step, in one step."""

_COMMAND_SCALE = np.array([LINEAR_SCALE, LINEAR_SCALE, ANGULAR_SCALE])
_LARGEST_SEEN = 5.0  # Observations are clipped to this, as published.


@cache
def _model() -> mujoco.MjModel:
    return load_model(Path(__file__).with_name("model.xml"))


class AnymalFleet(MujocoFleet):
    """N ANYmals, each on a plane of its own; implements robots.fleet.Fleet.

    Observation, 48 float32, in the order of the published task, clipped to [-5, 5]:

    - 0 to 2: velocity of the base in its own frame, 1.0 is 0.5 m/s; 3 to 5: its angular velocity there, 1.0
      is 4 rad/s; 6 to 8: direction of gravity there;
    - 9, 10: commanded velocity forward and leftward, 1.0 is 0.5 m/s; 11: turning, 1.0 is 4 rad/s;
    - 12 to 23: joint angles off their rest [rad]: abduction, hip, knee of legs LF, LH, RF, RH;
    - 24 to 35: joint speeds, 1.0 is 20 rad/s; 36 to 47: the last action, zeros at a start.

    Action, 12, in [-1, 1]: targets of the joints off their rest, 1.0 is 0.5 rad, followed by position control
    (85 N m/rad, 2 N m s/rad, at most 80 N m). A step is 1/50 s. Reward is the published one
    (walking.reward). A base or thigh that touches the ground is a violation. 2,500 steps without one are
    `done`, and success at 95 % of what the trained supervisor reaches.

    robots: 1 to 1000. seed: a whole number of at least 0. Robots never influence each other. backend: one of
    engines.NAMES. Raises FleetError for other values.
    """

    task = NAME
    spaces = Spaces(observation_shape=(48,), observation_dtype="float32", action_size=JOINTS)
    episode_length = EPISODE_LENGTH
    success_return = 62.8  # The supervisor's mean over 200 episodes was 66.1.
    view = View(follow="base", distance=2.3, height=0.38)

    def __init__(
        self, robots: int, seed: int, threads: int | None = None, backend: str = engines.DEFAULT
    ) -> None:
        robots, seed = self.checked(robots, seed)
        fields = ["sensordata", "actuator_force"]
        super().__init__(robots, seed, engines.simulations(backend, _model(), robots, fields, threads))
        self._memory["commands"] = np.zeros((robots, 3))
        self._begin(list(range(robots)))

    def commands(self) -> Floats:
        """What each robot is told to do, (N, 3): see walking.COMMANDS."""
        return self._memory["commands"].copy()

    def begin(self, robot: int, generator: np.random.Generator) -> None:
        """Standing at the origin, every joint near its rest, with a new command."""
        simulations = self._simulations
        simulations.positions[robot, 7:] = REST * generator.uniform(*START_SHARE, JOINTS)
        simulations.speeds[robot, 6:] = generator.uniform(-START_SPEED, START_SPEED, JOINTS)
        self._memory["commands"][robot] = COMMANDS * generator.uniform(-1.0, 1.0, 3)

    def move(self, robots: NDArray[np.intp], actions: Floats) -> None:
        """Hold these targets for one step."""
        self._simulations.controls[robots] = REST + FULL_TURN * actions
        self._simulations.step(robots, SUBSTEPS)

    def see(self) -> Floats:
        """Observations, (N, 48), as documented above."""
        frame, linear, angular = self._motion()
        down = -frame[:, 2].T
        fields = [
            LINEAR_SCALE * linear,
            ANGULAR_SCALE * angular,
            down,
            _COMMAND_SCALE * self._memory["commands"],
            self._simulations.positions[:, 7:] - REST,
            JOINT_SPEED_SCALE * self._simulations.speeds[:, 6:],
            self._memory["actions"],
        ]
        seen = np.concatenate(fields, axis=1)
        return np.clip(seen, -_LARGEST_SEEN, _LARGEST_SEEN, out=seen)

    def judge(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Rewards of the last step, and who touches the ground with what must not touch it."""
        _, linear, angular = self._motion()
        torques = self._simulations.derived("actuator_force")
        touches = np.asarray((self._simulations.derived("sensordata") > 0).any(axis=1))
        return reward(self._memory["commands"], linear, angular, torques), touches

    def _motion(self) -> tuple[Floats, Floats, Floats]:
        """Frame of the base, (3, 3, N), and its velocity and angular velocity in its own frame, (N, 3)."""
        frame = axes(self._simulations.positions[:, 3:7])
        speeds = self._simulations.speeds
        return frame, into_body(speeds[:, :3], frame), speeds[:, 3:6]
