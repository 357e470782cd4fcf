"""Robots that are there, step by step: all of them move, and the step is over when each motion has ended."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from robots.checks import check_actions, check_ids
from robots.fleet import FleetError, Frame, Snapshot, StepResult
from robots.physical import Ended, Motion, MotionEnd, PhysicalFleet, Presence

logger = logging.getLogger(__name__)
_REPORTS = (Ended.DONE, Ended.CUT)
"""Ends after which the camera has seen what came of it."""


class InStep:
    """Makes a robots.fleet.Fleet of a physical one, for headless runs; from one thread.

    A step begins the motions of all active robots that take one, and waits for each one's end, the fleet's
    `slowest_s` at most. What was not carried out reports zeros, and so does a motion whose end is unknown;
    `moved` tells them apart, and such a robot is out until it is ready again. Outcomes that the camera is not
    sure of count as it takes them: nobody is there to be asked.

    patience_s: how long a step waits for any robot to be ready, and a hard reset for somebody's hands [s].
    begin_within_s: a motion may begin so long after it was ordered [s]. clock, sleep: what tells the time [s]
    and lets it pass. Besides, it offers what the physical fleet offers.
    """

    def __init__(
        self,
        fleet: PhysicalFleet,
        *,
        patience_s: float = 600.0,
        begin_within_s: float = 2.0,
        poll_s: float = 0.02,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.fleet = fleet
        self.task, self.size, self.spaces = fleet.task, fleet.size, fleet.spaces
        self.episode_length = fleet.episode_length
        self.clipped = 0
        """Robot-steps whose action was out of bounds since the fleet was made."""
        self.moved = np.zeros(self.size, dtype=np.bool_)
        """(N,) robots whose motion in the last step was carried out to its end."""
        self.reported = np.zeros(self.size, dtype=np.bool_)
        """(N,) robots of which the camera saw what came of the last step: those that moved or were cut."""
        self.executed = np.zeros((self.size, self.spaces.action_size), dtype=np.float32)
        """(N, A) what robots that moved in the last step did."""
        self._patience_s, self._begin_within_s, self._poll_s = patience_s, begin_within_s, poll_s
        self._clock, self._sleep = clock, sleep

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "fleet":
            raise AttributeError(f"{type(self).__name__} has no {name}")
        return getattr(self.fleet, name)

    def away(self) -> NDArray[np.bool_]:
        """(N,) robots that take no motion now."""
        return np.array([one.presence is not Presence.READY for one in self.fleet.conditions()])

    def observe(self) -> NDArray[Any]:
        """What the policy sees now; zeros for a robot that shows nothing."""
        return self.fleet.observe()

    def act(self, actions: NDArray[np.float32], active: NDArray[np.bool_]) -> StepResult:
        """Move every active robot that takes a motion, and wait for each one's end.

        Raises FleetError as robots.fleet.Fleet.act, and where no robot takes a motion for `patience_s`.
        """
        usable, mask, clipped = check_actions(actions, active, self.size, self.spaces.action_size)
        self.clipped += clipped
        if mask.any():
            self._wait_for_anybody()
        ends = self._carry_out(usable, np.flatnonzero(mask & ~self.away()).tolist())
        reward = np.zeros(self.size, dtype=np.float32)
        done, violation, success = (np.zeros(self.size, dtype=np.bool_) for _ in range(3))
        self.moved[:] = self.reported[:] = False
        self.executed[:] = usable
        for robot, end in ends.items():
            self.moved[robot] = end.ended is Ended.DONE
            if end.action is not None:
                self.executed[robot] = end.action
            self.reported[robot] = end.ended in _REPORTS
            if self.reported[robot]:
                reward[robot], done[robot] = end.reward, end.done
                violation[robot], success[robot] = end.violation, end.success
            if end.ended is not Ended.DONE:
                logger.warning("robot %d: its motion is %s; %s", robot, end.ended, end.detail)
        return StepResult(reward=reward, done=done, violation=violation, success=success)

    def reset(self, ids: Sequence[int]) -> None:
        """Begin a new episode without touching anything."""
        self.fleet.reset(check_ids(ids, self.size))

    def hard_reset(self, ids: Sequence[int]) -> None:
        """Begin again, once somebody, or the robot itself, has put things right and the camera agrees.

        Raises FleetError, with what the camera says, where that takes longer than `patience_s`.
        """
        waiting = check_ids(ids, self.size)
        told: dict[int, str] = {}
        deadline = self._clock() + self._patience_s
        while waiting:
            refused = self.fleet.hard_reset(waiting)
            for robot, reason in refused.items():
                if robot not in told:
                    logger.warning("robot %d waits to be put right: %s", robot, reason)
            told, waiting = told | refused, sorted(refused)
            if waiting and self._clock() >= deadline:
                reasons = "; ".join(f"robot {robot}: {refused[robot]}" for robot in waiting)
                raise FleetError(
                    f"robots {waiting} were not put right within {self._patience_s:g} s ({reasons}). Put "
                    "them right, and call again: what is done is kept"
                )
            if waiting:
                self._sleep(self._poll_s)

    def frames(self, ids: Sequence[int]) -> list[Frame]:
        """The newest camera image of each for people."""
        return self.fleet.frames(check_ids(ids, self.size))

    def snapshot(self) -> Snapshot:
        """Raises FleetError: there is none of the world."""
        raise FleetError(
            f"the world that the {self.task} robots are in cannot be stored. A run of them keeps its "
            "supervision, data and counters, and looks at the robots when it goes on"
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Raises FleetError: nobody can put the world back."""
        raise FleetError(
            f"the world that the {self.task} robots are in cannot be put back to what it was. Observe them "
            "instead, and go on from there"
        )

    def close(self) -> None:
        """Let go of every robot; what moves is stopped."""
        self.fleet.close()

    def _wait_for_anybody(self) -> None:
        deadline = self._clock() + self._patience_s
        while self.away().all():
            if self._clock() >= deadline:
                reasons = "; ".join(
                    f"robot {robot} is {one.presence}: {one.reason}"
                    for robot, one in enumerate(self.fleet.conditions())
                )
                raise FleetError(
                    f"no robot took a motion for {self._patience_s:g} s ({reasons}). Mend that, and call "
                    "again: what is done is kept"
                )
            self._sleep(self._poll_s)

    def _carry_out(self, actions: NDArray[np.float32], robots: list[int]) -> dict[int, MotionEnd]:
        """How the motions of these robots ended. A late word of a motion that was given up means nothing."""
        self.fleet.ended()
        motions = [Motion(uuid4().hex, robot, actions[robot], self._begin_within_s) for robot in robots]
        self.fleet.begin(motions)
        waiting = {motion.id: motion for motion in motions}
        ends: dict[int, MotionEnd] = {}
        deadline = self._clock() + self.fleet.slowest_s + self._begin_within_s
        while waiting:
            for end in self.fleet.ended():
                if waiting.pop(end.motion.id, None) is not None:
                    ends[end.motion.robot] = end
            if waiting and self._clock() >= deadline:
                detail = f"nothing was heard of it for {self.fleet.slowest_s:g} s"
                for motion in waiting.values():
                    ends[motion.robot] = MotionEnd(motion, Ended.UNKNOWN, detail)
                break
            if waiting:
                self._sleep(self._poll_s)
        return ends
