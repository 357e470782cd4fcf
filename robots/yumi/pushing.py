"""Block pushing on pictures of a calibrated camera: what they show, how to push, what came of it."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.camera import FRAME_HEIGHT, FRAME_WIDTH
from robots.eyes.blank import shows_nothing
from robots.eyes.calibration import CameraCalibration
from robots.eyes.drift import MOST_MM, look_for_marks
from robots.eyes.lens import CalibrationError
from robots.eyes.rectified import check_size
from robots.fleet import FleetError, Frame, Spaces
from robots.remote.side import Reach
from robots.remote.task import Outcome, Seen
from robots.tasks.block_push import people_view, policy_view
from robots.tasks.block_push.geometry import EPISODE_LENGTH, opposite
from robots.tasks.block_push.task import NAME
from robots.yumi.colours import Colours
from robots.yumi.cube import find_cube
from robots.yumi.reaching import SPEED, reach_for
from robots.yumi.rules import judge_pose, room, spread
from robots.yumi.views import Goal, Views

SURE = 0.8
"""A cube is taken for put back, and a goal is set by it, only where its pose is at least this sure."""
FREE = 0.005
"""And it must lie this far from obstacle and walls [m]."""

_KNOWN_NOTHING = 0.001  # Error of a calibration that does not tell its own [m].


class Pushing:
    """One robot's task; implements robots.remote.task.RemoteTask. Not for two threads at once.

    calibration: of the camera over it. colours: of its cube and tool. speed: of its pushes [m/s]. A picture
    costs 5 to 8 ms. The first sure picture sets the first goal.
    """

    name = NAME
    spaces = Spaces(
        observation_shape=(policy_view.SIZE, policy_view.SIZE, 3), observation_dtype="uint8", action_size=2
    )
    episode_length = EPISODE_LENGTH

    def __init__(
        self, calibration: CameraCalibration, colours: Colours | None = None, speed: float = SPEED
    ) -> None:
        self.calibration = calibration
        self.goal: Goal | None = None
        """Its centre [m]; None until the cube has been seen."""
        self._colours = Colours() if colours is None else colours
        self._views = Views(calibration, self._colours)
        self._speed = speed
        known = calibration.error_mm
        self._error = _KNOWN_NOTHING if known is None else known / 1000

    def read(self, image: NDArray[np.uint8], captured_at: float) -> Seen:
        """A picture, (H, W, 3) RGB; where it cannot be worked by, `trouble` says why."""
        try:
            check_size(image, self.calibration)
        except CalibrationError as error:
            return self._unread(_any_size(image), captured_at, str(error))
        straight = self._views.straight(image)
        nothing = shows_nothing(image)
        if nothing:
            return self._unread(straight, captured_at, nothing)
        found = find_cube(straight, people_view.CAMERA, self._colours)
        trouble = look_for_marks(self.calibration, image).trouble(MOST_MM)
        if found is None and not trouble:
            trouble = "the cube is not in sight: lay it into the workspace, or take away what covers it"
        pose = found.pose if found is not None and not trouble else None
        sure = found.confidence if found is not None and not trouble else 0.0
        if self.goal is None and pose is not None and sure >= SURE:
            self.goal = _goal_of(pose)
        anchor = None if pose is None else people_view.CAMERA.to_fraction(np.array(pose[:2]))
        frame = Frame(self._views.for_people(straight, self.goal), anchor, people_view.REACH, captured_at)
        return Seen(self._views.for_policy(image, self.goal), frame, sure, trouble, pose)

    def plan(self, seen: Seen, action: NDArray[np.float32]) -> Reach:
        """The push that an action, shape (2,), asks for; see robots.yumi.reaching.

        Raises NoMotion for an action that moves nothing, and FleetError where there is no pose or no room.
        """
        if seen.pose is None:
            raise FleetError(seen.trouble or "the cube is not in sight: no push can be planned; look again")
        return reach_for(seen.pose, action, self._speed)

    def judge(self, before: Seen, after: Seen) -> Outcome:
        """What the cube's pose after a motion means; all False, with confidence 0, where it is not seen."""
        if after.pose is None or self.goal is None:
            return Outcome(reward=0.0, done=False, violation=False, success=False, confidence=0.0)
        found = judge_pose(after.pose, self.goal, spread(after.confidence, self._error))
        return Outcome(
            reward=float(found.success),
            done=found.success,
            violation=found.violation,
            success=found.success,
            confidence=found.confidence * after.confidence,
        )

    def reset(self, seen: Seen) -> None:
        """A new goal opposite to the cube; where it is not seen, the next sure picture sets one."""
        self.goal = None if seen.pose is None else _goal_of(seen.pose)

    def put_right(self, seen: Seen) -> str:
        """A new goal for a cube that was put back; a sentence where it does not lie free, or is not seen."""
        if seen.trouble or seen.pose is None:
            return seen.trouble or "the cube is not in sight: lay it into the workspace"
        if seen.confidence < SURE:
            return (
                f"the cube is seen with confidence {seen.confidence:.2f}, and {SURE} at least is needed: "
                "take hands and tools out of the camera's sight"
            )
        free = room(seen.pose)
        if free < FREE:
            return (
                f"the cube lies {max(free, 0.0) * 1000:.0f} mm from the obstacle or a wall, and "
                f"{FREE * 1000:.0f} mm at least is needed: lay it beside the obstacle, on any side"
            )
        self.goal = _goal_of(seen.pose)
        return ""

    def _unread(self, picture: NDArray[np.uint8], captured_at: float, trouble: str) -> Seen:
        blank = np.zeros(self.spaces.observation_shape, dtype=np.uint8)
        return Seen(blank, Frame(picture, None, people_view.REACH, captured_at), 0.0, trouble)


def _goal_of(pose: tuple[float, float, float]) -> Goal:
    if math.hypot(*pose[:2]) < 1e-6:  # On the obstacle's very middle nothing is opposite.
        pose = (1e-6, 0.0, 0.0)
    x, y = opposite(np.array(pose[:2])).tolist()
    return x, y


def _any_size(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Some picture for people, (480, 640, 3), of an image that is not as it should be."""
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0 or image.dtype != np.uint8:
        return np.zeros((FRAME_HEIGHT, FRAME_WIDTH, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(image, (FRAME_WIDTH, FRAME_HEIGHT)), dtype=np.uint8)
