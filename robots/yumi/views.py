"""What policy and people are shown of a real table: its picture from straight above, a drawn goal."""

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.camera import Calibration
from robots.eyes.calibration import CameraCalibration
from robots.eyes.rectified import Rectifier
from robots.tasks.block_push import people_view, policy_view
from robots.tasks.block_push.geometry import CUBE_HALF, GOAL_RADIUS, WORKSPACE_HALF
from robots.yumi.colours import Colours

Image = NDArray[np.uint8]
Goal = tuple[float, float]

CUBE_TOP = 2 * CUBE_HALF
"""Views are true at this height [m]: the cube's top, which is pushed to the goal, is in its place."""

_FINER = 4
_SHIFT = 4
_POLICY = Calibration(
    policy_view.SIZE * _FINER, policy_view.SIZE * _FINER, policy_view.SIZE * _FINER / (2 * WORKSPACE_HALF)
)
_FILL = 0.75  # How much of the goal's colour covers the table for people.


class Views:
    """One camera's pictures in the geometry of the simulated task; made once a calibration."""

    def __init__(self, calibration: CameraCalibration, colours: Colours) -> None:
        self._people = Rectifier(calibration, people_view.CAMERA, CUBE_TOP)
        self._policy = Rectifier(calibration, _POLICY, CUBE_TOP)
        self._colours = colours

    def straight(self, image: Image) -> Image:
        """The people's view without a goal, (480, 640, 3): the one that the cube is looked for in."""
        return self._people(image)

    def for_people(self, straight: Image, goal: Goal | None) -> Image:
        """The straight view with the goal under whatever lies or stands on it."""
        drawn = straight.copy()
        if goal is not None:
            self._mark(drawn, people_view.CAMERA, goal, people_view.GOAL_FILL, people_view.GOAL, _FILL)
        return drawn

    def for_policy(self, image: Image, goal: Goal | None) -> Image:
        """What the policy sees of a camera's image, (64, 64, 3)."""
        large = self._policy(image)
        if goal is not None:
            self._mark(large, _POLICY, goal, policy_view.GOAL, None, 1.0)
        size = (policy_view.SIZE, policy_view.SIZE)
        return np.asarray(cv2.resize(large, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def _mark(
        self,
        view: Image,
        camera: Calibration,
        goal: Goal,
        fill: tuple[int, int, int],
        ring: tuple[int, int, int] | None,
        opacity: float,
    ) -> None:
        """Draw the goal into a view where the table shows."""
        middle = camera.to_pixels(np.array(goal)) - 0.5
        radius = GOAL_RADIUS * camera.pixels_per_metre
        reach = int(radius) + 4
        left, top = (max(0, int(value) - reach) for value in middle)
        part = view[top : max(0, int(middle[1]) + reach), left : max(0, int(middle[0]) + reach)]
        if part.size == 0:
            return
        place = np.round((middle - (left, top)) * 2**_SHIFT).astype(int).tolist()
        size = round(radius * 2**_SHIFT)
        disc, drawn = np.zeros(part.shape[:2], dtype=np.uint8), part.copy()
        cv2.circle(disc, place, size, 255, -1, cv2.LINE_AA, _SHIFT)
        share = (disc * (opacity / 255))[..., None]
        drawn[:] = np.rint(part * (1 - share) + np.array(fill) * share)
        if ring is not None:
            cv2.circle(drawn, place, size, ring, 2, cv2.LINE_AA, _SHIFT)
        covered = self._covered(part)
        part[covered == 0] = drawn[covered == 0]

    def _covered(self, part: Image) -> Image:
        """255 where cube or tool hide the table; holes, such as the cube's mark, are filled."""
        hsv = np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2HSV), dtype=np.uint8)
        mask = self._colours.cube.mask(hsv) | self._colours.tool.mask(hsv)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        large = [contour for contour in contours if cv2.contourArea(contour) >= 4]
        covered = np.zeros_like(mask)
        cv2.drawContours(covered, large, -1, 255, -1)
        return covered
