"""Robots that are there: each motion is written down before it begins, and its end is never guessed."""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import numpy as np
from django.db import DatabaseError, transaction

from iifl_server.accounts.models import AuditLog
from iifl_server.errors import LeaseLostError
from iifl_server.fleets.models import Intervention, Motion, MotionStatus, Run
from iifl_server.fleets.runner.floor import Fallen, Landed, Ordered
from iifl_server.fleets.runner.lease import held
from iifl_server.fleets.runner.sight import Sights
from policy.supervision import Orders, Situation
from robots import physical
from robots.fleet import FleetError, Snapshot
from robots.physical import Condition, Ended, MotionEnd, PhysicalFleet, Presence

logger = logging.getLogger(__name__)

BEGIN_WITHIN_S = 1.0
"""A motion that has not begun by then never does."""
REST_S = 0.5
"""After a motion that a robot refused it is asked for no other: a policy that insists makes no storm."""
STUCK_AFTER = 3
"""Motions in a row that a robot refused, while it was ready, before it calls for help."""
RESTARTED = "The server was restarted while the robot moved; nobody saw the end."
ENDS = {
    Ended.DONE: MotionStatus.DONE,
    Ended.REFUSED: MotionStatus.REFUSED,
    Ended.CUT: MotionStatus.CUT,
    Ended.UNKNOWN: MotionStatus.UNKNOWN,
}


class RealFloor:
    """The robots of one run; `aside` are those that a technician has taken out."""

    def __init__(self, run: Run, fleet: PhysicalFleet, sights: Sights) -> None:
        self.by_hand = not fleet.resets_itself
        self.aside: dict[int, str] = {}
        """Robot → who works at it."""
        self.doubtful: dict[int, tuple[Ordered, MotionEnd]] = {}
        """Motions of which a person is to say what they came to."""
        self._run, self._fleet, self._sights = run, fleet, sights
        self._flying: dict[str, Ordered] = {}
        self._landed: list[Landed] = []
        self._fallen: list[Fallen] = []
        self._refused = [0] * fleet.size
        self._rests_until = [0.0] * fleet.size
        self._stopped = False
        settle_unseen(run.pk)

    def conditions(self) -> list[Condition]:
        """As last heard, and what a technician says of them."""
        flying = {one.robot for one in self._flying.values()}
        found = list(self._fleet.conditions())
        for robot, condition in enumerate(found):
            if condition.presence is Presence.READY and robot in flying:
                found[robot] = Condition(Presence.MOVING)
        for robot, name in self.aside.items():
            found[robot] = Condition(Presence.AWAY, f"{name} has taken it out and works at it.")
        return found

    def situation(self) -> Situation:
        """Away, in motion, or asking."""
        presences = [condition.presence for condition in self.conditions()]
        busy = np.array([one is Presence.MOVING for one in presences])
        busy[[one.robot for one in self._flying.values()]] = True
        busy |= np.array(self._rests_until) > time.monotonic()
        return Situation(
            away=np.array([one in (Presence.AWAY, Presence.STOPPED) for one in presences]),
            busy=busy,
            doubtful=np.isin(np.arange(self._fleet.size), list(self.doubtful)),
            stuck=np.array([count >= STUCK_AFTER for count in self._refused]),
            by_hand=self.by_hand,
        )

    def begin(self, orders: Orders, ordered: Sequence[Ordered], step: int) -> None:
        """Write every motion down, fenced, then send them; raises LeaseLostError and moves nothing."""
        if not ordered:
            return
        motions = [physical.Motion(str(uuid4()), one.robot, one.action, BEGIN_WITHIN_S) for one in ordered]
        self._write(motions, ordered, step)
        self._flying |= {motion.id: one for motion, one in zip(motions, ordered, strict=True)}
        for one in ordered:
            self._sights.moved(one.robot, time.time())
        try:
            self._fleet.begin(motions)
        except FleetError as error:
            logger.exception("run %s: motions were refused", self._run.pk)
            for motion in motions:
                self._end(MotionEnd(motion, Ended.REFUSED, str(error)))

    def landed(self) -> list[Landed]:
        """Ends that are known and sure."""
        self.look()
        landed, self._landed = self._landed, []
        return landed

    def fallen(self) -> list[Fallen]:
        """Refused, stopped on the way, or with an end that nobody saw."""
        self.look()
        fallen, self._fallen = self._fallen, []
        return fallen

    def stirred(self) -> bool:
        """Something has ended."""
        self.look()
        return bool(self._landed or self._fallen)

    def look(self) -> None:
        """Take in what has ended."""
        for end in self._fleet.ended():
            self._end(end)

    def answer(self, robot: int, said: str) -> None:
        """A person says what the robot's last motion came to; raises FleetError where nobody was asked."""
        if robot not in self.doubtful:
            raise FleetError(f"Robot {robot} does not ask what its motion came to.")
        ordered, end = self.doubtful.pop(robot)
        reached, broken = said == "reached", said == "broken"
        Motion.objects.filter(pk=UUID(end.motion.id)).update(verdict=said)
        sure = replace(end, reward=float(reached), done=reached, success=reached, violation=broken)
        self._landed.append(_landed(ordered, sure))

    def put_aside(self, robot: int, name: str | None) -> None:
        """Stop a robot since somebody, by this name, works at it; None gives it back, and ends its stop."""
        if name is not None:
            self.aside[robot] = name
            self._fleet.stop(f"{name} works at the robot", [robot])
            return
        self.aside.pop(robot, None)
        if not self._stopped:
            self._fleet.release([robot])

    def hard_reset(self, ids: Collection[int]) -> dict[int, str]:
        """Where the camera agrees that things were put right."""
        refused = self._fleet.hard_reset(sorted(ids))
        for robot in set(ids) - refused.keys():
            self._refused[robot] = 0
            self._sights.moved(robot, time.time())
        return refused

    def stop(self, reason: str, *, motors_off: bool = False) -> None:
        """At once, latched."""
        self._stopped = True
        self._fleet.stop(reason, motors_off=motors_off)

    def release(self) -> None:
        """Robots that somebody works at stay as they are."""
        self._stopped = False
        self._fleet.release([robot for robot in range(self._fleet.size) if robot not in self.aside])

    def refused(self, robot: int) -> int:
        """Motions in a row that this robot refused, while it was ready."""
        return self._refused[robot]

    def close(self) -> None:
        """What moves is stopped, and what is known of it is written down."""
        self._fleet.close()
        try:
            self.look()
        except DatabaseError:
            logger.warning("run %s: ends of its last motions could not be written down", self._run.pk)

    def snapshot(self) -> Snapshot:
        """The world cannot be put back: what is there is looked at."""
        return {}

    def restore(self, snapshot: Snapshot) -> None:
        """See `snapshot`."""

    def _count(self, end: MotionEnd) -> None:
        """Motions that came to nothing, one after the other."""
        robot = end.motion.robot
        if end.ended is Ended.DONE:
            self._refused[robot] = 0
        elif end.ended is Ended.REFUSED and self._fleet.conditions()[robot].presence is Presence.READY:
            self._refused[robot] += 1
            self._rests_until[robot] = time.monotonic() + REST_S

    def _write(self, motions: Sequence[physical.Motion], ordered: Sequence[Ordered], step: int) -> None:
        commands = {one.command.command.command: one for one in ordered if one.command is not None}
        known: Mapping[UUID, int] = dict(
            Intervention.objects.filter(command_id__in=commands).values_list("command_id", "pk")
        )
        with transaction.atomic():
            if not held(self._run.pk, self._run.runner_epoch).select_for_update().exists():
                raise LeaseLostError(f"run {self._run.pk} has another runner now; nothing is moved")
            AuditLog.objects.bulk_create(
                AuditLog(
                    person_id=one.person,
                    name=one.author[:150],
                    action="motion",
                    detail={"run": self._run.pk, "robot": one.robot, "motion": motion.id},
                )
                for motion, one in zip(motions, ordered, strict=True)
            )
            Motion.objects.bulk_create(
                Motion(
                    id=UUID(motion.id),
                    run=self._run,
                    robot=motion.robot,
                    step=step,
                    action=motion.action.tolist(),
                    intervention_id=known.get(one.command.command.command) if one.command else None,
                    author=one.author,
                    person_id=one.person,
                )
                for motion, one in zip(motions, ordered, strict=True)
            )

    def _end(self, end: MotionEnd) -> None:
        ordered = self._flying.pop(end.motion.id, None)
        Motion.objects.filter(pk=UUID(end.motion.id)).update(
            status=ENDS[end.ended],
            detail=end.detail[:300],
            confidence=end.confidence if end.ended is Ended.DONE else None,
            executed=None if end.action is None else end.action.tolist(),
            began_at=_time(end.began_at),
            ended_at=_time(end.ended_at),
            seen_at=_time(end.seen_at),
        )
        self._sights.moved(end.motion.robot, end.ended_at or time.time())
        self._count(end)
        if ordered is None:
            return
        if end.ended is not Ended.DONE:
            self._fallen.append(Fallen(ordered, end.ended is not Ended.UNKNOWN, _sentence(end)))
        elif end.confidence < self._fleet.sure:
            self.doubtful[ordered.robot] = (ordered, end)
        else:
            self._landed.append(_landed(ordered, end))


def settle_unseen(run: int) -> None:
    """Motions that were under way when a runner ended: nobody saw what became of them."""
    rows = Motion.objects.filter(run=run)
    rows.filter(status=MotionStatus.BEGUN).update(status=MotionStatus.UNKNOWN, detail=RESTARTED)


def _landed(ordered: Ordered, end: MotionEnd) -> Landed:
    action = ordered.action if end.action is None else end.action
    return Landed(ordered, action, end.reward, end.done, end.violation, end.success)


def _sentence(end: MotionEnd) -> str:
    words = {
        Ended.REFUSED: "The robot did not take it",
        Ended.CUT: "It was stopped on its way",
        Ended.UNKNOWN: "Nobody saw its end; look where the robot is and decide anew",
    }[end.ended]
    return f"{words}: {end.detail}" if end.detail else f"{words}."


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
