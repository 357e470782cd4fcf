"""A physical fleet that is not there: a simulated one behind motions that take time, with faults to order."""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robots.checks import check_ids
from robots.fleet import Fleet, FleetError, Frame
from robots.frames import no_picture
from robots.physical import Condition, Ended, Motion, MotionEnd, Presence

Clock = Callable[[], float]
"""Seconds since the epoch."""
_NOT_OFFERED = frozenset({"act", "snapshot", "restore", "inner"})


class PretendClock:
    """Time that passes when it is told to, so that tests wait for nothing."""

    def __init__(self, now: float = 1.0e9) -> None:
        self._now = now

    def __call__(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass; takes none."""
        self._now += seconds


@dataclass(frozen=True)
class _Underway:
    motion: Motion
    began_at: float
    ends_at: float
    lost: bool = False
    """Its end is not told."""
    carried_out: bool = False


@dataclass(frozen=True)
class _Doubt:
    confidence: float
    success: bool | None
    violation: bool | None


class PretendFleet:
    """Implements robots.physical.PhysicalFleet around any simulated fleet; any thread may call it.

    A motion of a robot is the inner fleet's step of that robot alone, taken at the time the motion ends; one
    that is cut moves nothing. Whoever asks anything first brings the world to the present.

    motion_s: how long a motion takes [s]. clock: what tells the time. resets_itself: whether a hard reset
    needs nobody's hands. Besides, it offers what the inner fleet offers, true states for supervisors say.
    """

    def __init__(
        self,
        inner: Fleet,
        *,
        motion_s: float = 1.0,
        clock: Clock = time.time,
        resets_itself: bool = False,
        sure: float = 0.8,
        slowest_s: float = 10.0,
    ) -> None:
        self.inner = inner
        self.task, self.size, self.spaces = inner.task, inner.size, inner.spaces
        self.episode_length = inner.episode_length
        self.resets_itself, self.sure, self.slowest_s = resets_itself, sure, slowest_s
        self.motion_s = motion_s
        """Of motions that begin from now on [s]."""
        self.picture_age_s = 0.0
        """How old pictures are when they are shown [s]."""
        self.carried_out: list[Motion] = []
        """Every motion that moved the inner fleet, in order."""
        self._clock = clock
        self._lock = threading.RLock()
        self._known: set[str] = set()
        self._underway: dict[int, _Underway] = {}
        self._told: dict[int, MotionEnd] = {}  # What a robot that is away will say when it is back.
        self._ended: list[MotionEnd] = []
        self._stopped: dict[int, str] = {}
        self._away: dict[int, str] = {}
        self._dark: set[int] = set()
        self._doubts: dict[int, _Doubt] = {}
        self._right: set[int] = set()
        self._closed = False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in _NOT_OFFERED:
            raise AttributeError(f"{type(self).__name__} has no {name}")
        return getattr(self.inner, name)

    def conditions(self) -> list[Condition]:
        """How each robot is; a stop comes before everything else."""
        with self._lock:
            self._pass()
            return [self._condition(robot) for robot in range(self.size)]

    def observe(self) -> NDArray[Any]:
        """What the inner fleet sees, with zeros for robots that show nothing."""
        with self._lock:
            self._pass()
            seen = np.array(self.inner.observe())
            seen[list(self._dark)] = 0
            return seen

    def begin(self, motions: Sequence[Motion]) -> None:
        """Send motions on their way; see robots.physical.PhysicalFleet.begin."""
        with self._lock:
            self._pass()
            self._check(motions)
            now = self._clock()
            for motion in motions:
                self._known.add(motion.id)
                condition = self._condition(motion.robot)
                if motion.within_s < 0:
                    reason = f"it came {-motion.within_s:g} s too late"
                elif condition.presence is not Presence.READY:
                    reason = condition.reason
                else:
                    self._right.discard(motion.robot)
                    self._underway[motion.robot] = _Underway(motion, now, now + self.motion_s)
                    continue
                self._ended.append(MotionEnd(motion, Ended.REFUSED, reason))

    def ended(self) -> list[MotionEnd]:
        """What has ended since the last call."""
        with self._lock:
            self._pass()
            ended, self._ended = self._ended, []
            return ended

    def stop(self, reason: str, robots: Collection[int] | None = None, *, motors_off: bool = False) -> None:
        """Cut what moves and let nothing else begin; motors are the same to robots that are not there."""
        with self._lock:
            chosen = self._chosen(robots)
            self._pass()
            for robot in chosen:
                self._stopped[robot] = reason
                self._cut(robot, reason)

    def release(self, robots: Collection[int] | None = None) -> None:
        """End the stop of these robots, or of all."""
        with self._lock:
            self._pass()
            for robot in self._chosen(robots):
                self._stopped.pop(robot, None)

    def reset(self, ids: Collection[int]) -> None:
        """As the inner fleet does."""
        with self._lock:
            self._pass()
            self.inner.reset(check_ids(list(ids), self.size))

    def hard_reset(self, ids: Collection[int]) -> dict[int, str]:
        """Begin again where `put_right` was called, or everywhere if the fleet resets itself."""
        with self._lock:
            self._pass()
            refused: dict[int, str] = {}
            for robot in check_ids(list(ids), self.size):
                if robot in self._underway:
                    refused[robot] = f"robot {robot} still moves; wait for its end"
                elif robot in self._away:
                    refused[robot] = self._away[robot]
                elif not (self.resets_itself or robot in self._right):
                    refused[robot] = f"the camera does not see robot {robot} put right; put it right by hand"
                else:
                    self._right.discard(robot)
                    self.inner.hard_reset([robot])
            return refused

    def frames(self, ids: Sequence[int]) -> list[Frame]:
        """The inner fleet's, with the time they are of; words for a robot that shows nothing."""
        with self._lock:
            self._pass()
            at = self._clock() - self.picture_age_s
            chosen = check_ids(ids, self.size)
            lit = [robot for robot in chosen if robot not in self._dark]
            shown = dict(zip(lit, self.inner.frames(lit), strict=True))
            dark = {
                robot: no_picture(f"robot {robot} shows nothing") for robot in chosen if robot not in shown
            }
            return [replace((shown | dark)[robot], captured_at=at) for robot in chosen]

    def close(self) -> None:
        """Cut what moves; nothing begins any more."""
        with self._lock:
            self._pass()
            self._closed = True
            for robot in range(self.size):
                self._cut(robot, "the fleet was let go of")

    # What befalls robots.

    def send_away(
        self, robot: int, reason: str = "its cable is out; put it back in", *, dark: bool = True
    ) -> None:
        """Nothing is heard of a robot until it is brought back. What it is doing it does to its end.

        dark: it shows nothing either.
        """
        with self._lock:
            self._pass()
            (robot,) = check_ids([robot], self.size)
            self._away[robot] = reason
            if dark:
                self._dark.add(robot)

    def bring_back(self, robot: int) -> None:
        """It is heard again, and tells what ended meanwhile if nobody has given it up by then."""
        with self._lock:
            self._pass()
            self._away.pop(robot, None)
            self._dark.discard(robot)
            self._pass()

    def lose_end(self, robot: int) -> None:
        """Nobody sees the end of what this robot is doing, though it does it."""
        with self._lock:
            self._pass()
            if robot not in self._underway:
                raise FleetError(
                    f"robot {robot} is doing nothing whose end could be lost; begin a motion first"
                )
            self._underway[robot] = replace(self._underway[robot], lost=True)

    def doubt(
        self,
        robot: int,
        confidence: float = 0.3,
        *,
        success: bool | None = None,
        violation: bool | None = None,
    ) -> None:
        """How sure the camera is of this robot's next outcome, and what it takes it for where given."""
        with self._lock:
            self._doubts[robot] = _Doubt(confidence, success, violation)

    def put_right(self, robot: int) -> None:
        """As somebody's hands do: the next hard reset of this robot finds it put right."""
        with self._lock:
            self._right.add(*check_ids([robot], self.size))

    def _pass(self) -> None:
        """Bring the world to the present."""
        now = self._clock()
        for robot, underway in sorted(self._underway.items(), key=lambda item: item[1].ends_at):
            if now >= underway.ends_at and not underway.carried_out:
                self._told[robot] = self._carry_out(underway)
                underway = self._underway[robot] = replace(underway, carried_out=True)
            if underway.carried_out and not underway.lost and robot not in self._away:
                self._ended.append(self._told.pop(robot))
                del self._underway[robot]
            elif now >= underway.began_at + self.slowest_s:
                self._told.pop(robot, None)
                detail = f"nothing was heard of it for {self.slowest_s:g} s"
                end = MotionEnd(underway.motion, Ended.UNKNOWN, detail, began_at=underway.began_at)
                self._ended.append(end)
                del self._underway[robot]

    def _carry_out(self, underway: _Underway) -> MotionEnd:
        motion, robot = underway.motion, underway.motion.robot
        actions = np.zeros((self.size, self.spaces.action_size), dtype=np.float32)
        actions[robot] = motion.action
        result = self.inner.act(actions, np.arange(self.size) == robot)
        self.carried_out.append(motion)
        doubt = self._doubts.pop(robot, _Doubt(1.0, None, None))
        executed = np.clip(actions[robot], -1, 1)
        success = bool(result.success[robot]) if doubt.success is None else doubt.success
        return MotionEnd(
            motion,
            Ended.DONE,
            action=None if np.array_equal(executed, actions[robot]) else executed,
            reward=float(result.reward[robot]),
            done=bool(result.done[robot]),
            violation=bool(result.violation[robot]) if doubt.violation is None else doubt.violation,
            success=success,
            confidence=doubt.confidence,
            began_at=underway.began_at,
            ended_at=underway.ends_at,
            seen_at=underway.ends_at,
        )

    def _cut(self, robot: int, reason: str) -> None:
        underway = self._underway.get(robot)
        if underway is None or underway.carried_out:  # One that is over is told as it was.
            return
        del self._underway[robot]
        now = self._clock()
        self._ended.append(
            MotionEnd(
                underway.motion, Ended.CUT, reason, began_at=underway.began_at, ended_at=now, seen_at=now
            )
        )

    def _condition(self, robot: int) -> Condition:
        if robot in self._stopped:
            return Condition(
                Presence.STOPPED, f"robot {robot} is stopped ({self._stopped[robot]}); release it to go on"
            )
        if self._closed:
            return Condition(Presence.AWAY, "the fleet was let go of; make a new one")
        if robot in self._away:
            return Condition(Presence.AWAY, self._away[robot])
        if robot in self._underway:
            return Condition(Presence.MOVING, f"robot {robot} still moves; wait for its end")
        return Condition(Presence.READY)

    def _check(self, motions: Sequence[Motion]) -> None:
        check_ids([motion.robot for motion in motions], self.size)
        names = [motion.id for motion in motions]
        again = sorted((set(names) & self._known) | {name for name in names if names.count(name) > 1})
        if again:
            raise FleetError(
                f"motions {again} were ordered before; none is repeated, give each an id of its own"
            )
        for motion in motions:
            action = np.asarray(motion.action)
            if action.shape != (self.spaces.action_size,) or action.dtype.kind not in "fiu":
                raise FleetError(
                    f"the action of robot {motion.robot} has shape {action.shape} of {action.dtype}, "
                    f"but must be ({self.spaces.action_size},) of float32"
                )
            if not np.isfinite(action).all() or np.isnan(motion.within_s):
                raise FleetError(
                    f"the motion of robot {motion.robot} is {action.tolist()} within {motion.within_s} s, "
                    "but must be finite. Nothing has moved"
                )

    def _chosen(self, robots: Collection[int] | None) -> list[int]:
        return list(range(self.size)) if robots is None else check_ids(list(robots), self.size)
