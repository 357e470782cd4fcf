"""Arms in other places behind the one interface of physical robots: every method returns at once."""

import asyncio
import contextlib
import getpass
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robots.checks import check_ids
from robots.fleet import FleetError, Frame
from robots.frames import no_picture
from robots.physical import Condition, Motion, MotionEnd
from robots.remote.arm import Arm
from robots.remote.eyes import Sight
from robots.remote.flight import Flight, Times
from robots.remote.limits import Limits
from robots.remote.link import Address
from robots.remote.record import Recorder
from robots.remote.task import RemoteTask

REMEMBERED = 10_000
"""Ids of motions that this process refuses by itself when they come again."""


@dataclass(frozen=True)
class ArmPlace:
    """Where one arm is, and what its driver holds it to besides what its agent does."""

    address: Address
    limits: Limits | None = None


class RemoteFleet:
    """N arms over SSH, all at the same time; a lost or slow one delays no other."""

    resets_itself: bool = False
    sure: float = 0.8

    def __init__(
        self,
        arms: Sequence[ArmPlace],
        tasks: Sequence[RemoteTask],
        *,
        times: Times | None = None,
        recorder: Recorder | None = None,
        driver: str = "",
    ) -> None:
        """One task for each arm, all of one kind; connecting begins now and goes on by itself.

        Raises FleetError for no arm, another number of tasks, or tasks that differ.
        """
        self._check(arms, tasks)
        first = tasks[0]
        self.task, self.spaces, self.episode_length = first.name, first.spaces, first.episode_length
        self.size = len(arms)
        times = times or Times()
        self.slowest_s = times.slowest_s
        self._recorder = recorder
        self._ends: deque[MotionEnd] = deque()
        self._ids: dict[str, None] = {}
        self._closing = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        driver = driver or f"{getpass.getuser()}@{socket.gethostname()} (process {os.getpid()})"
        self.arms = [
            Arm(place.address, place.limits, task, driver, times, self._loop, Random(), self._on_end)
            for place, task in zip(arms, tasks, strict=True)
        ]
        self._thread = threading.Thread(target=self._run, name="remote fleet", daemon=True)
        self._thread.start()

    def conditions(self) -> list[Condition]:
        """How each robot is, as last heard."""
        return [arm.condition() for arm in self.arms]

    def observe(self) -> NDArray[Any]:
        """(N, *observation_shape); zeros for a robot without a picture that still shows the world."""
        shape, dtype = self.spaces.observation_shape, self.spaces.observation_dtype
        observations = np.zeros((self.size, *shape), dtype=dtype)
        for robot, arm in enumerate(self.arms):
            if (sight := arm.fresh_sight()) is not None:
                observations[robot] = sight.seen.observation
                self._record(robot, sight, "observed")
        return observations

    def begin(self, motions: Sequence[Motion]) -> None:
        """Send motions on their way. Raises FleetError, and moves nothing, as the interface says."""
        check_ids([motion.robot for motion in motions], self.size)
        for motion in motions:
            self._check_motion(motion)
        ids = [motion.id for motion in motions]
        if len(set(ids)) != len(ids):
            raise FleetError(f"motion ids {ids} name one twice; every motion has its own. Nothing has moved.")
        for motion in motions:
            self._remember(motion.id)
            self.arms[motion.robot].begin(motion)

    def ended(self) -> list[MotionEnd]:
        """What has ended since the last call."""
        ends = []
        with contextlib.suppress(IndexError):
            while True:
                ends.append(self._ends.popleft())
        return ends

    def stop(self, reason: str, robots: Collection[int] | None = None, *, motors_off: bool = False) -> None:
        """Stop these robots, or all, now; latched here and beside each robot until `release`."""
        for robot in self._named(robots):
            self.arms[robot].stop(reason[:1000] or "stopped", motors_off=motors_off)

    def release(self, robots: Collection[int] | None = None) -> None:
        """End the stop of these robots, or of all."""
        for robot in self._named(robots):
            self.arms[robot].release()

    def reconnect(self, robots: Collection[int] | None = None) -> None:
        """Try again now where a link waits, even one that waits for somebody's word (a changed host key)."""
        for robot in self._named(robots):
            self.arms[robot].reconnect()

    def prompt(self, robot: int, text: str) -> None:
        """Tell whoever stands by this robot what to put right; nothing where it is away."""
        self.arms[self._named([robot])[0]].prompt(text[:1000] or "put the robot right")

    def reset(self, ids: Collection[int]) -> None:
        """A new goal for each, now or with its first picture."""
        for robot in self._named(ids):
            self.arms[robot].eyes.reset()

    def hard_reset(self, ids: Collection[int]) -> dict[int, str]:
        """Robot → why its camera does not agree that things were put right, in a sentence."""
        refused = {}
        for robot in self._named(ids):
            arm = self.arms[robot]
            why = arm.eyes.put_right() if arm.fresh_sight() is not None else self._blind(arm)
            if why:
                refused[robot] = why
        return refused

    def frames(self, ids: Sequence[int]) -> list[Frame]:
        """The newest picture of each, however old; `captured_at` says so."""
        frames = []
        for robot in check_ids(ids, self.size):
            sight = self.arms[robot].eyes.newest
            if sight is None:
                frames.append(no_picture(f"{self.arms[robot].name}: no picture yet"))
            else:
                self._record(robot, sight, "shown")
                frames.append(sight.seen.frame)
        return frames

    def close(self) -> None:
        """Let go of every robot: its agent stops what moves when its stream ends."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join(timeout=10.0)
        if self._recorder is not None:
            self._recorder.close()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._live())
        finally:
            self._loop.close()

    async def _live(self) -> None:
        arms = [asyncio.create_task(arm.run(), name=arm.name) for arm in self.arms]
        await self._closing.wait()
        for arm in arms:
            arm.cancel()
        await asyncio.gather(*arms, return_exceptions=True)

    def _on_end(self, end: MotionEnd, flight: Flight | None, after: Sight | None) -> None:
        self._ends.append(end)
        if self._recorder is None:
            return
        if flight is None:
            self._recorder.motion(end, None, None)
            return
        ordered_at = time.time() - (time.monotonic() - flight.ordered_at)
        self._recorder.motion(end, flight.reach, ordered_at)
        self._record(end.motion.robot, flight.before, "before")
        if after is not None:
            self._record(end.motion.robot, after, "after")

    def _record(self, robot: int, sight: Sight, use: str) -> None:
        if self._recorder is not None:
            self._recorder.picture(robot, sight.shot, use)

    def _blind(self, arm: Arm) -> str:
        return arm.condition().reason or f"{arm.name} shows no fresh picture"

    def _named(self, robots: Collection[int] | None) -> list[int]:
        return list(range(self.size)) if robots is None else check_ids(list(robots), self.size)

    def _remember(self, motion: str) -> None:
        self._ids[motion] = None
        if len(self._ids) > REMEMBERED:
            del self._ids[next(iter(self._ids))]  # Its robot remembers it still.

    def _check_motion(self, motion: Motion) -> None:
        action = np.asarray(motion.action)
        if action.shape != (self.spaces.action_size,) or action.dtype.kind not in "fiu":
            raise FleetError(
                f"the action of robot {motion.robot} has shape {action.shape} of {action.dtype}, "
                f"but must be ({self.spaces.action_size},) of float32. Nothing has moved."
            )
        if not np.isfinite(action).all():
            raise FleetError(
                f"the action of robot {motion.robot} is {action.tolist()}, but must be finite. "
                "Nothing has moved."
            )
        if not 0.0 <= motion.within_s < 3600.0:
            raise FleetError(f"motion {motion.id}: within_s is {motion.within_s!r}, but must be 0 to 3600 s")
        if not motion.id or motion.id in self._ids:
            raise FleetError(f"motion id {motion.id!r} is empty or was used before; every motion has its own")

    @staticmethod
    def _check(arms: Sequence[ArmPlace], tasks: Sequence[RemoteTask]) -> None:
        if not arms or len(arms) != len(tasks):
            raise FleetError(
                f"{len(arms)} arms have {len(tasks)} tasks; give one arm or more, and each a task"
            )
        names = [place.address.name for place in arms]
        if len(set(names)) != len(names):
            raise FleetError(f"arms {names} name one twice; give each arm a name of its own")
        if len({(task.name, task.spaces, task.episode_length) for task in tasks}) != 1:
            raise FleetError(f"tasks {[task.name for task in tasks]} differ, but a fleet has one task")
