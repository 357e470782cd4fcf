"""The ball balancing task: a tray on three legs keeps a falling ball (Table 4)."""

import math
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
from robots.tasks.ball_balance.balancing import EPISODE_LENGTH, LOST_HEIGHT, NAME, draw_ball, reward

STEP = 0.01
"""Seconds of one step."""
FULL_SPEED = 20.0
"""Speed of a knee's target at action 1.0 [rad/s]."""
FORCE_SCALE = 1 / 20
"""Forces and torques in observations are scaled by this."""
LEGS = 2 * math.pi / 3 * np.arange(3)
"""Directions of the legs as seen from the middle of the tray [rad]."""
LEG_DISTANCE = 0.4
"""From the middle to where a leg carries the tray [m]."""

SUBSTEPS = 4
"""Of the model's time step, in one step."""

_TRAY, _HIPS_AND_KNEES, _BALL = slice(0, 7), slice(7, 13), slice(13, 20)  # Of qpos.
_KNEES = [8, 10, 12]
_KNEE_SPEEDS = [7, 9, 11]
_BALL_SPEED = slice(12, 15)  # Of qvel.
_MOUNTS = LEG_DISTANCE * np.stack([np.cos(LEGS), np.sin(LEGS), np.zeros(3)], axis=1)


@cache
def _model() -> mujoco.MjModel:
    return load_model(Path(__file__).with_name("model.xml"))


class BallBalanceFleet(MujocoFleet):
    """N trays, each with a ball; implements robots.fleet.Fleet.

    Observation, 24 float32, in the order of the published task:

    - 0 to 2: angles of the three knees [rad]; 3 to 5: their speeds [rad/s];
    - 6 to 8: position of the ball (x, y from the middle, z up from the ground) [m]; 9 to 11: its velocity
      [m/s];
    - 12 to 14: force of the ball on the tray, in the tray's frame, 1.0 is 20 N; 15 to 17, 18 to 20, 21 to
      23: its torque about where leg 1, 2 and 3 carries the tray, 1.0 is 20 N m. Zeros at a start.

    Action, 3, in [-1, 1]: speeds of the knees' targets, 1.0 is 20 rad/s; targets stay within the knees'
    range and are followed by stiff position control. A step is 1/100 s. Reward is the published one
    (balancing.reward). A ball on the ground is a violation. 500 steps without one are `done`, and success at
    95 % of what the scripted supervisor reaches.

    robots: 1 to 1000. seed: a whole number of at least 0. Robots never influence each other. backend: one of
    engines.NAMES. Raises FleetError for other values.
    """

    task = NAME
    spaces = Spaces(observation_shape=(24,), observation_dtype="float32", action_size=3)
    episode_length = EPISODE_LENGTH
    success_return = 338.0  # The supervisor's mean over 200 episodes was 356.0.
    view = View(follow="tray", distance=2.5, height=0.65, elevation=0.4)

    def __init__(
        self, robots: int, seed: int, threads: int | None = None, backend: str = engines.DEFAULT
    ) -> None:
        robots, seed = self.checked(robots, seed)
        model = _model()
        super().__init__(robots, seed, engines.simulations(backend, model, robots, ["sensordata"], threads))
        knees = [model.joint(f"knee_{leg}").range for leg in (1, 2, 3)]
        self._lower, self._upper = np.array(knees).T
        self._memory["touch"] = np.zeros((robots, 6))
        self._memory["targets"] = np.zeros((robots, 3))
        self._begin(list(range(robots)))

    def balls(self) -> tuple[Floats, Floats]:
        """True positions [m] and velocities [m/s] of the balls, each (N, 3), for algorithmic supervisors."""
        simulations = self._simulations
        return simulations.positions[:, _BALL][:, :3].copy(), simulations.speeds[:, _BALL_SPEED].copy()

    def targets(self) -> Floats:
        """Angles that the knees are held at, (N, 3) [rad]."""
        return self._memory["targets"].copy()

    def begin(self, robot: int, generator: np.random.Generator) -> None:
        """The tray level and at rest, the ball above it."""
        position, velocity = draw_ball(generator)
        self._simulations.positions[robot, _BALL.start : _BALL.start + 3] = position
        self._simulations.speeds[robot, _BALL_SPEED] = velocity

    def move(self, robots: NDArray[np.intp], actions: Floats) -> None:
        """Shift the knees' targets and hold them for one step."""
        targets = self._memory["targets"][robots] + STEP * FULL_SPEED * actions
        self._memory["targets"][robots] = np.clip(targets, self._lower, self._upper)
        self._simulations.controls[robots] = self._memory["targets"][robots]
        self._simulations.step(robots, SUBSTEPS)
        self._memory["touch"][robots] = self._simulations.derived("sensordata")[robots]

    def see(self) -> Floats:
        """Observations, (N, 24), as documented above."""
        positions, speeds = self._simulations.positions, self._simulations.speeds
        balls, velocities = self.balls()
        tray = axes(positions[:, _TRAY][:, 3:])
        force = into_body(self._memory["touch"][:, :3], tray)
        place = into_body(self._memory["touch"][:, 3:] - positions[:, :3], tray)
        torques = _torques(place, force).reshape(self.size, 9)
        knees = [positions[:, _KNEES], speeds[:, _KNEE_SPEEDS]]
        touches = [FORCE_SCALE * force, FORCE_SCALE * torques]
        return np.concatenate([*knees, balls, velocities, *touches], axis=1)

    def judge(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Rewards of the last step, and whose ball is lost."""
        balls, velocities = self.balls()
        return reward(balls, velocities), balls[:, 2] < LOST_HEIGHT


def _torques(places: Floats, forces: Floats) -> Floats:
    """Torques of forces, (N, 3) [N], at places, (N, 3) [m], about each leg's mount; (N, 3 legs, 3) [N m]."""
    x, y, z = (places[:, None] - _MOUNTS).T  # Each (3 legs, N).
    along_x, along_y, along_z = forces.T
    product = [y * along_z - z * along_y, z * along_x - x * along_z, x * along_y - y * along_x]
    return np.array(product).T
