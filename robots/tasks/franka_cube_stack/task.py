"""The Franka cube stacking task: an arm puts a small cube on a larger one (Section 5.2, Appendix 7.3.2)."""

import logging
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robots import snapshots
from robots.checks import check_actions, check_ids, check_size
from robots.fleet import Frame, Snapshot, Spaces, StepResult
from robots.randomness import check_seed, generator_for, pack, unpack
from robots.tasks.franka_cube_stack.control import ARM_JOINTS, REST
from robots.tasks.franka_cube_stack.people_view import draw_frame
from robots.tasks.franka_cube_stack.scene import Scene
from robots.tasks.franka_cube_stack.stacking import EPISODE_LENGTH, NAME, draw_cubes, judge

START_NOISE = 0.25
"""Joints start within this much of their rest [rad]."""
START_FINGER = 0.035
"""[m]"""

_SNAPSHOT_VERSION = 1
_logger = logging.getLogger(__name__)


class FrankaCubeStackFleet:
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

    robots: 1 to 1000. seed: a whole number of at least 0. Robots never influence each other. Raises
    FleetError for other values.
    """

    task = NAME
    spaces = Spaces(observation_shape=(19,), observation_dtype="float32", action_size=7)
    episode_length = EPISODE_LENGTH

    def __init__(self, robots: int, seed: int) -> None:
        self.size = check_size(robots)
        seed = check_seed(seed)
        self.clipped = 0
        """Actions out of bounds since the fleet was made; no part of a snapshot."""
        self._scene = Scene(self.size, os.cpu_count() or 1)
        self._generators = [generator_for(seed, robot) for robot in range(self.size)]
        self._steps = np.zeros(self.size, dtype=np.int64)
        self._waiting = np.zeros(self.size, dtype=np.bool_)
        self._begin(list(range(self.size)))

    def cubes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """True poses of cubes A and B, for algorithmic supervisors: (N, 7), quaternion w first."""
        return self._scene.cube("a"), self._scene.cube("b")

    def hands(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """True grip points, (N, 3) [m], and orientations of the hands, (N, 4), w first."""
        return self._scene.site("grip"), self._scene.hand_quaternion()

    def fingers(self) -> NDArray[np.float64]:
        """True positions of the fingers, (N, 2) [m]."""
        return self._scene.fingers()

    def observe(self) -> NDArray[np.float32]:
        """States of all robots, (N, 19); fields and units above."""
        a, b = self.cubes()
        grip, hand = self.hands()
        fields = [_w_last(a[:, 3:]), a[:, :3], (b - a)[:, :3], grip, _w_last(hand), self.fingers()]
        return np.concatenate(fields, axis=1).astype(np.float32)

    def act(self, actions: NDArray[np.float32], active: NDArray[np.bool_]) -> StepResult:
        """Move every active robot for one step; see robots.fleet.Fleet.act."""
        usable, active = check_actions(actions, active, self.size, self.spaces.action_size)
        self.clipped += int(np.count_nonzero((usable != actions).any(axis=1) & active))
        going = np.flatnonzero(active & ~self._waiting)
        self._scene.step(going, usable[going].astype(np.float64))
        self._steps[going] += 1
        self._catch_broken()
        fine = active & ~self._waiting
        a, b = self.cubes()
        tips = self._scene.site("left_tip"), self._scene.site("right_tip")
        judged = judge(a[:, :3], b[:, :3], self._scene.site("grip"), *tips)
        success = fine & judged.stacked
        return StepResult(
            reward=np.where(fine, judged.reward, 0.0).astype(np.float32),
            done=success | (fine & (self._steps >= self.episode_length)),
            violation=active & self._waiting,
            success=success,
        )

    def reset(self, ids: Sequence[int]) -> None:
        """Begin a new episode: arm near its rest, cubes anew; a robot that blew up stays as it is."""
        self._begin([robot for robot in check_ids(ids, self.size) if not self._waiting[robot]])

    def hard_reset(self, ids: Sequence[int]) -> None:
        """Begin a new episode."""
        self._begin(check_ids(ids, self.size))

    def frames(self, ids: Sequence[int]) -> list[Frame]:
        """The table from above and from the side, one image per id; clicks mean nothing."""
        checked = check_ids(ids, self.size)
        (a, b), (grip, hand), fingers = self.cubes(), self.hands(), self.fingers()
        return [draw_frame(a[i], b[i], grip[i], hand[i], float(fingers[i].sum())) for i in checked]

    def snapshot(self) -> Snapshot:
        """State that `restore` turns back bit for bit."""
        return {
            snapshots.HEADER: snapshots.header(self.task, _SNAPSHOT_VERSION),
            "physics": self._scene.batch.state.copy(),
            "steps": self._steps.copy(),
            "waiting": self._waiting.copy(),
            "generators": pack(self._generators),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of this task, size and version; raises FleetError for any other."""
        snapshots.check(snapshot, self.snapshot(), f"a fleet of {self.size} {self.task} robots")
        arrays: dict[str, NDArray[Any]] = {name: np.array(array) for name, array in snapshot.items()}
        self._scene.batch.state[:] = arrays["physics"]
        self._scene.batch.warning[:] = 0
        self._scene.refresh()
        self._steps = arrays["steps"]
        self._waiting = arrays["waiting"]
        self._generators = unpack(arrays["generators"])

    def _begin(self, robots: list[int]) -> None:
        for robot in robots:
            generator = self._generators[robot]
            a, b = draw_cubes(generator)
            angles = REST + generator.uniform(-START_NOISE, START_NOISE, ARM_JOINTS)
            self._scene.place(robot, a, b, angles, START_FINGER)
            self._steps[robot] = 0
            self._waiting[robot] = False
        if robots:
            self._scene.refresh(np.array(robots))

    def _catch_broken(self) -> None:
        """A simulation that blew up is put back to a start, so that every number stays finite, and waits."""
        for robot in np.flatnonzero(self._scene.broken() & ~self._waiting).tolist():
            _logger.warning("%s: the simulation of robot %d blew up; it waits for a hard reset", NAME, robot)
            self._begin([robot])
            self._waiting[robot] = True


def _w_last(quaternions: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.roll(quaternions, -1, axis=1)
