"""Block pushing in simulation, seen as the arms see it: by a camera that stands askew, made straight."""

import numpy as np
from numpy.typing import NDArray

from robots.tasks.block_push.task import BlockPushFleet
from robots.yumi.colours import Colours
from robots.yumi.tasks import PUSH
from robots.yumi.twin.calibrated import true_calibration
from robots.yumi.twin.camera import Eye
from robots.yumi.twin.optics import optics_of
from robots.yumi.twin.world import Scene
from robots.yumi.views import Views


class SeenBlockPush(BlockPushFleet):
    """N cubes as `BlockPushFleet`; pictures for policies come from a twin's camera, some 4 ms each.

    What pushes do is the same.
    """

    task = PUSH

    def __init__(self, robots: int, seed: int) -> None:
        super().__init__(robots, seed)
        optics = optics_of()
        self._eye = Eye(optics)
        self._views = Views(true_calibration(optics), Colours())

    def observe(self) -> NDArray[np.uint8]:
        """A new picture of every robot's table, (N, 64, 64, 3) RGB, made straight, the goal drawn in."""
        images = np.empty((self.size, *self.spaces.observation_shape), dtype=np.uint8)
        for robot, generator in enumerate(self._sensors):
            x, y, yaw = self._poses[robot].tolist()
            goal_x, goal_y = self._goals[robot].tolist()
            picture = self._eye.picture(Scene((x, y, yaw), None), generator)
            images[robot] = self._views.for_policy(picture, (goal_x, goal_y))
        return images
