"""The Franka cube stacking task: an arm puts a small cube on a larger one (Section 5.2, Appendix 7.3.2)."""

import math

import numpy as np
from numpy.typing import NDArray

from robots.backends import engines
from robots.backends.mujoco import Floats
from robots.backends.mujoco_fleet import MujocoFleet
from robots.backends.mujoco_view import View
from robots.fleet import Frame, Spaces
from robots.tasks.franka_cube_stack.control import ARM_JOINTS, REST
from robots.tasks.franka_cube_stack.people_view import draw_frame
from robots.tasks.franka_cube_stack.scene import Scene
from robots.tasks.franka_cube_stack.stacking import (
    EPISODE_LENGTH,
    NAME,
    TABLE_TOP,
    draw_cubes,
    judge,
)

START_NOISE = 0.25
"""Joints start within this much of their rest [rad]."""
START_FINGER = 0.035
"""[m]"""
ARM_SHAPES = 1
"""The model's group of the arm's and the hand's shapes: from above, they would hide the cubes."""


class FrankaCubeStackFleet(MujocoFleet):
    """N arms, each at a table of its own; implements robots.fleet.Fleet.

    Observation, 19 float32 as in the published task, lengths in m, quaternions (x, y, z, w):

    - 0 to 3: orientation of cube A; 4 to 6: position of cube A in the world (x, y, z up);
    - 7 to 9: cube B's position minus cube A's;
    - 10 to 12: position of the grip point, between the finger tips; 13 to 16: orientation of the hand;
    - 17, 18: positions of the two fingers, 0 closed to 0.04 open.

    Action, 7, in [-1, 1]: 0 to 2, displacement of the hand in the world, 1.0 asks for 0.1 m; 3 to 5, its
    rotation vector in the world, 1.0 asks for 0.5 rad; 6 opens the fingers at 0 or above, and closes
    them below. A step is 1/60 s of operational-space control.

    Reward is the published one (stacking.judge), 16 for a stack. A stack is success and `done`; 500 steps
    without one are `done`. There are no violations of the task's own; only a simulation that blows up is
    one, of that robot alone: it is logged, and waits for `hard_reset`.

    robots: 1 to 1000. seed: a whole number of at least 0. Robots never influence each other. backend: one of
    engines.NAMES. Raises FleetError for other values.
    """

    task = NAME
    spaces = Spaces(observation_shape=(19,), observation_dtype="float32", action_size=7)
    episode_length = EPISODE_LENGTH
    success_return = math.inf  # Only a stack is success.
    view = View(
        follow="table",
        distance=1.6,
        height=1.27,
        azimuth=-0.62,
        elevation=0.48,
        inset=View(
            follow="table",
            distance=0.75,
            height=TABLE_TOP,
            azimuth=-math.pi / 2,
            elevation=math.pi / 2,
            hidden=(ARM_SHAPES,),
            name="from above",
        ),
    )

    def __init__(self, robots: int, seed: int, backend: str = engines.DEFAULT) -> None:
        robots, seed = self.checked(robots, seed)
        self._scene = Scene(robots, backend=backend)
        super().__init__(robots, seed, self._scene.simulations)
        self._stacked = np.zeros(robots, dtype=np.bool_)
        self._begin(list(range(robots)))

    def cubes(self) -> tuple[Floats, Floats]:
        """True poses of cubes A and B, for algorithmic supervisors: (N, 7), quaternion w first."""
        return self._scene.cube("a"), self._scene.cube("b")

    def hands(self) -> tuple[Floats, Floats]:
        """True grip points, (N, 3) [m], and orientations of the hands, (N, 4), w first."""
        return self._scene.site("grip"), self._scene.hand_quaternion()

    def fingers(self) -> Floats:
        """True positions of the fingers, (N, 2) [m]."""
        return self._scene.fingers()

    def schematic(self, robot: int) -> Frame:
        """The table from above and from the front."""
        (a, b), (grip, hand), fingers = self.cubes(), self.hands(), self.fingers()
        return draw_frame(a[robot], b[robot], grip[robot], hand[robot], float(fingers[robot].sum()))

    def begin(self, robot: int, generator: np.random.Generator) -> None:
        """Lay the cubes anew, and bring the arm near its rest."""
        a, b = draw_cubes(generator)
        angles = REST + generator.uniform(-START_NOISE, START_NOISE, ARM_JOINTS)
        self._scene.place(robot, a, b, angles, START_FINGER)

    def move(self, robots: NDArray[np.intp], actions: Floats) -> None:
        """See MujocoFleet."""
        self._scene.step(robots, actions)

    def see(self) -> Floats:
        """States of all robots, (N, 19); fields and units above."""
        a, b = self.cubes()
        grip, hand = self.hands()
        fields = [_w_last(a[:, 3:]), a[:, :3], (b - a)[:, :3], grip, _w_last(hand), self.fingers()]
        return np.concatenate(fields, axis=1)

    def judge(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Rewards, (N,); nothing is a violation."""
        places = [self._scene.site(name) for name in ("grip", "left_tip", "right_tip")]
        judged = judge(self._scene.cube("a")[:, :3], self._scene.cube("b")[:, :3], *places)
        self._stacked = judged.stacked
        return judged.reward, np.zeros(self.size, dtype=np.bool_)

    def reached(self) -> NDArray[np.bool_]:
        """Which cubes are stacked, (N,)."""
        return self._stacked


def _w_last(quaternions: Floats) -> Floats:
    return np.roll(quaternions, -1, axis=1)
