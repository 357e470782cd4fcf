"""Everything that one step leaves behind, in one transaction, fenced by the runner's epoch."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from iifl_server.accounts.models import Person
from iifl_server.errors import LeaseLostError
from iifl_server.fleets.models import (
    Assignment,
    HelpKind,
    Intervention,
    InterventionStatus,
    RunSnapshot,
    RunStep,
)
from iifl_server.fleets.runner.assists import Assist
from iifl_server.fleets.runner.floor import Landed
from iifl_server.fleets.runner.judging import Accepted
from iifl_server.fleets.runner.lease import held
from iifl_server.fleets.runner.session import Help, Session
from iifl_server.learning.models import Retraining
from iifl_server.learning.observations import encode_observation
from iifl_server.learning.services import queue_retraining

SNAPSHOTS_KEPT = 2


@dataclass(frozen=True)
class StepRecord:
    """What happened in one step."""

    step: int
    """The step that was taken, counted from 0; the state after it stands at step + 1."""
    landed: Mapping[int, Landed]
    """Robot → its motion that ended in this step."""
    samples: Sequence[int]
    """Robots whose observation and action enter the dataset."""
    commands: Sequence[Accepted]
    """Commands of people that were carried out."""
    carried_on: Mapping[int, Assist]
    """Robot → the way that its person had chosen in an earlier step."""
    by_algorithm: Mapping[int, Help]
    """Robot → the seat of the algorithmic supervisor that did something with it, and what."""
    helping: Mapping[int, Help]
    """Robot → who had it during the step."""
    figures: Mapping[str, float]
    people: frozenset[int] | None = None
    """Those who exist; None for all that are named."""


def record_step(session: Session, record: StepRecord, *, retrain: bool) -> Retraining | None:
    """Commit a step; returns the retraining that begins with it, if one does.

    Raises LeaseLostError, and writes nothing, where another runner drives the run by now.
    """
    state, arrays = session.saved()
    with transaction.atomic():
        if not held(session.id, session.epoch).update(step=session.state.step):
            raise LeaseLostError(f"run {session.id} has another runner now; step {record.step} is not kept")
        record = _with_people_that_exist(record)
        for done in record.commands:
            _execute(record, done)
        Intervention.objects.bulk_create(
            [
                *(_carried_on(session, record, robot, assist) for robot, assist in record.carried_on.items()),
                *(
                    _algorithmic(session, record, robot, help_)
                    for robot, help_ in record.by_algorithm.items()
                ),
            ]
        )
        _assign(session, record)
        RunStep.objects.create(run=session.run, step=session.state.step, metrics=dict(record.figures))
        RunSnapshot.objects.create(run=session.run, step=session.state.step, state=state, fleet=arrays)
        oldest = session.state.step - SNAPSHOTS_KEPT
        RunSnapshot.objects.filter(run=session.run, step__lte=oldest).delete()
        return queue_retraining(session.id, session.state.step) if retrain else None


def _with_people_that_exist(record: StepRecord) -> StepRecord:
    """What somebody did stays where that person has been removed meanwhile: it then is nobody's."""
    named = {person for _, person, _ in record.helping.values() if person is not None}
    named |= {one.lease.person for one in record.carried_on.values()}
    known = set(Person.objects.select_for_update().filter(pk__in=named).values_list("pk", flat=True))
    if named <= known:
        return record
    helping = {
        robot: (seat, person if person in known else None, kind)
        for robot, (seat, person, kind) in record.helping.items()
    }
    return replace(record, helping=helping, people=frozenset(known))


def _execute(record: StepRecord, done: Accepted) -> None:
    robot = done.command.robot
    moved = done.command.kind == HelpKind.TELEOPERATION
    Intervention.objects.filter(command_id=done.command.command).update(
        status=InterventionStatus.EXECUTED,
        step=record.step,
        seat=done.lease.seat if done.lease else None,
        clipped=done.clipped,
        **_sample(record, robot, moved=moved),
    )


def _algorithmic(session: Session, record: StepRecord, robot: int, help_: Help) -> Intervention:
    seat, _, kind = help_
    return Intervention(
        run=session.run,
        robot=robot,
        seat=seat,
        supervisor_name=session.seats[seat].algorithm,
        kind=kind,
        status=InterventionStatus.EXECUTED,
        step=record.step,
        **_sample(record, robot, moved=kind == HelpKind.TELEOPERATION),
    )


def _carried_on(session: Session, record: StepRecord, robot: int, assist: Assist) -> Intervention:
    """A further step of a person's choice: an intervention of its own, with nothing new said by the page."""
    return Intervention(
        run=session.run,
        robot=robot,
        seat=assist.lease.seat,
        person_id=assist.lease.person
        if record.people is None or assist.lease.person in record.people
        else None,
        supervisor_name=session.seats[assist.lease.seat].holder,
        kind=HelpKind.TELEOPERATION,
        mode=assist.mode,
        status=InterventionStatus.EXECUTED,
        step=record.step,
        **_sample(record, robot, moved=True),
    )


def _sample(record: StepRecord, robot: int, *, moved: bool) -> dict[str, Any]:
    """What is kept of the motion; hard resets and hand-backs have none."""
    one = record.landed.get(robot) if moved else None
    return {
        "action": one.action.tolist() if one else None,
        "observation": encode_observation(one.ordered.observation) if one else None,
        "in_dataset": moved and robot in record.samples,
        "decided_at": timezone.now(),
    }


def _assign(session: Session, record: StepRecord) -> None:
    """Close assignments that ended and open those that began."""
    open_ones: dict[int, Help] = {}
    for row in Assignment.objects.filter(run=session.run, ended_step=None):
        now: Help = (row.seat, row.person_id, row.kind)
        if record.helping.get(row.robot) == now:
            open_ones[row.robot] = now
        else:
            row.ended_step = record.step
            row.save(update_fields=["ended_step"])
    for robot, (seat, person, kind) in record.helping.items():
        if robot in open_ones:
            continue
        lease = session.leases.get(robot)
        Assignment.objects.create(
            run=session.run,
            robot=robot,
            seat=seat,
            person_id=person,
            supervisor_name=session.seats[seat].holder,
            kind=kind,
            begun_step=record.step,
            lease_hash=hashlib.sha256(lease.token.encode()).hexdigest() if lease else "",
        )


def take_out(one: Accepted) -> str | None:
    """Commit that a robot was taken out, or given back; the name of who works at it, None for nobody."""
    rows = Intervention.objects.filter(command_id=one.command.command)
    rows.update(status=InterventionStatus.EXECUTED, decided_at=timezone.now())
    name = rows.values_list("supervisor_name", flat=True).first() or "Somebody"
    return name if one.command.said == "aside" else None
