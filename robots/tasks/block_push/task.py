"""The block pushing task: push a cube round an obstacle to a goal that is always opposite."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robots import snapshots
from robots.checks import check_actions, check_ids, check_size
from robots.fleet import FleetError, Frame, Snapshot, Spaces, StepResult
from robots.randomness import check_seed, generator_for, pack, unpack
from robots.tasks.block_push import policy_view
from robots.tasks.block_push.geometry import EPISODE_LENGTH, on_ring, opposite, reaches_goal
from robots.tasks.block_push.people_view import draw_frame
from robots.tasks.block_push.push import TRAIL_LENGTH, push_cube, standing

NAME = "block_push"
RESET_JITTER = math.radians(15)
"""After a hard reset the cube lies at the middle of a random side, up to this far round the ring [rad]."""

_SNAPSHOT_VERSION = 1
_STARTS, _SENSOR, _SCREEN = range(3)  # Purposes of a robot's generators.


class BlockPushFleet:
    """N cubes, each on its own workspace; implements robots.fleet.Fleet.

    One step is one push. Reaching the goal yields reward 1 and `done`; `reset` then sets a goal opposite
    to where the cube lies. A goal never times out. Touching the obstacle or the walls is a violation: the
    cube then stays where it is until `hard_reset`, and `act` goes on reporting the violation.

    robots: 1 to 1000. seed: a whole number of at least 0. Robots never influence each other: robot i of a
    seed sees and does the same in a fleet of any size. Raises FleetError for other values.
    """

    task = NAME
    spaces = Spaces(
        observation_shape=(policy_view.SIZE, policy_view.SIZE, 3), observation_dtype="uint8", action_size=2
    )
    episode_length = EPISODE_LENGTH

    def __init__(self, robots: int, seed: int) -> None:
        self.size = check_size(robots)
        seed = check_seed(seed)
        self.clipped = 0
        """Robot-steps whose action was out of bounds since the fleet was made; no part of a snapshot."""
        self._starts = [generator_for(seed, robot, _STARTS) for robot in range(self.size)]
        self._sensors = [generator_for(seed, robot, _SENSOR) for robot in range(self.size)]
        self._screens = [generator_for(seed, robot, _SCREEN) for robot in range(self.size)]
        self._poses = np.zeros((self.size, 3))
        self._goals = np.zeros((self.size, 2))
        self._waiting = np.zeros(self.size, dtype=np.bool_)
        self._trails = np.zeros((self.size, TRAIL_LENGTH, 5))
        self._trail_goals = np.zeros((self.size, 2))
        self._moved = np.zeros(self.size, dtype=np.bool_)
        for robot, generator in enumerate(self._starts):
            self._place(robot, generator.uniform(-math.pi, math.pi))

    def poses(self) -> NDArray[np.float64]:
        """True poses of the cubes, for algorithmic supervisors: (N, 3), x, y [m] and yaw [rad]."""
        return self._poses.copy()

    def goals(self) -> NDArray[np.float64]:
        """True centres of the goals, (N, 2) [m]."""
        return self._goals.copy()

    def observe(self) -> NDArray[np.uint8]:
        """A new image of every robot's workspace, (N, 64, 64, 3) RGB; each call has its own noise."""
        images = np.empty((self.size, *self.spaces.observation_shape), dtype=np.uint8)
        canvas = policy_view.empty_canvas()
        for robot, generator in enumerate(self._sensors):
            clean = policy_view.draw(self._poses[robot], self._goals[robot], canvas)
            images[robot] = policy_view.add_noise(clean, generator)
        return images

    def act(self, actions: NDArray[np.float32], active: NDArray[np.bool_]) -> StepResult:
        """Push once on every active robot; see robots.fleet.Fleet.act."""
        actions, active, clipped = check_actions(actions, active, self.size, self.spaces.action_size)
        self.clipped += clipped
        self._moved[:] = False
        for robot in np.flatnonzero(active & ~self._waiting):
            push = push_cube(self._poses[robot], actions[robot])
            self._poses[robot] = push.pose
            self._waiting[robot] = push.violation
            self._trails[robot] = push.trail
            self._trail_goals[robot] = self._goals[robot]
            self._moved[robot] = bool((push.trail[0] != push.trail[-1]).any())
        violation = active & self._waiting
        success = active & ~self._waiting & reaches_goal(self._poses, self._goals)
        return StepResult(
            reward=success.astype(np.float32), done=success.copy(), violation=violation, success=success
        )

    def reset(self, ids: Sequence[int]) -> None:
        """Set a new goal opposite to where each of these cubes lies now; the cubes stay."""
        for robot in check_ids(ids, self.size):
            self._goals[robot] = opposite(self._poses[robot, :2])

    def hard_reset(self, ids: Sequence[int]) -> None:
        """Lay each of these cubes at a random side of the obstacle, and set its goal opposite."""
        for robot in check_ids(ids, self.size):
            generator = self._starts[robot]
            side = int(generator.integers(4)) * math.pi / 2
            self._place(robot, side + generator.uniform(-RESET_JITTER, RESET_JITTER))

    def frames(self, ids: Sequence[int], progress: float = 1.0) -> list[Frame]:
        """Images for people, one per id, at some moment of the last step's push.

        progress: 0 before the push to 1 after it, for showing motion; a robot that did not move in the
        last step looks the same throughout. The goal is the one that the push was meant for, until
        progress is 1. Leaves everything that observe and act draw from alone.
        """
        if not 0.0 <= progress <= 1.0:
            raise FleetError(
                f"progress is {progress!r}, but must be from 0 (before the push) to 1 (after it)"
            )
        return [self._frame(robot, progress) for robot in check_ids(ids, self.size)]

    def snapshot(self) -> Snapshot:
        """State that `restore` turns back bit for bit; the noise on frames for people is no part of it."""
        return {
            snapshots.HEADER: snapshots.header(self.task, _SNAPSHOT_VERSION),
            "poses": self._poses.copy(),
            "goals": self._goals.copy(),
            "waiting": self._waiting.copy(),
            "trails": self._trails.copy(),
            "trail_goals": self._trail_goals.copy(),
            "moved": self._moved.copy(),
            "starts": pack(self._starts),
            "sensors": pack(self._sensors),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of this task, size and version; raises FleetError for any other."""
        snapshots.check(snapshot, self.snapshot(), f"a fleet of {self.size} {self.task} robots")
        arrays: dict[str, NDArray[Any]] = {name: np.array(array) for name, array in snapshot.items()}
        self._poses = arrays["poses"]
        self._goals = arrays["goals"]
        self._waiting = arrays["waiting"]
        self._trails = arrays["trails"]
        self._trail_goals = arrays["trail_goals"]
        self._moved = arrays["moved"]
        self._starts = unpack(arrays["starts"])
        self._sensors = unpack(arrays["sensors"])

    def _place(self, robot: int, angle: float) -> None:
        """Lay a cube on the ring with a random yaw and its goal opposite; nothing of its past remains."""
        generator = self._starts[robot]
        self._poses[robot, :2] = on_ring(angle)
        self._poses[robot, 2] = generator.uniform(-math.pi, math.pi)
        self._goals[robot] = opposite(self._poses[robot, :2])
        self._waiting[robot] = False
        self._trails[robot] = standing(self._poses[robot])
        self._trail_goals[robot] = self._goals[robot]
        self._moved[robot] = False

    def _frame(self, robot: int, progress: float) -> Frame:
        trail = self._trails[robot]
        moving = bool(self._moved[robot]) and progress < 1.0
        if not moving:
            return draw_frame(trail, self._goals[robot], trail[-1], False, self._screens[robot])
        place = progress * (TRAIL_LENGTH - 1)
        before = int(place)
        share = place - before
        moment = (1 - share) * trail[before] + share * trail[before + 1]
        return draw_frame(trail[: before + 1], self._trail_goals[robot], moment, True, self._screens[robot])
