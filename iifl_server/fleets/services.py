"""Writes about fleets: runs begin, stop and end here, and commands are committed here."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from iifl_server.accounts.models import Person, Role
from iifl_server.accounts.services import audit
from iifl_server.errors import NotAllowedError, RequestError
from iifl_server.fleets.means import Means, task_means
from iifl_server.fleets.models import HelpKind, Intervention, InterventionStatus, Robot, Run, RunStatus
from iifl_server.learning.initial import read_shipped, shipped_checkpoint
from iifl_server.learning.models import Checkpoint
from iifl_server.learning.services import import_checkpoint
from iifl_server.learning.stored import file_digest
from iifl_server.live.protocol import Command
from iifl_server.names import ALGORITHMS
from policy.errors import CheckpointError, PolicyError
from policy.supervision import SupervisionConfig
from robots.fleet import RobotsError
from robots.lookup import find
from robots.registry import is_physical, task_defaults

LONGEST_PACE_S = 10.0
MOTORS_OFF = "{name} stopped the fleet and cut the motors."
"""Reason of a stop by which the runner knows that the motors are meant."""
BESIDE = (HelpKind.PUT_RIGHT, HelpKind.SET_ASIDE)
"""What is ordered at a robot's side: a technician's role is the right to it, no lease."""


def create_run(
    task: str,
    *,
    robots: int = 4,
    supervisors: int = 2,
    people: int = 1,
    pace: float = 1.0,
    algorithm: str = "iifl",
    seed: int = 0,
    updates: int | None = None,
    retrain_every: int | None = None,
    fleet_file: str = "",
) -> Run:
    """Begin a run; a runner finds it and drives it. It starts from the task's shipped checkpoint.

    pace: seconds per step, above 0. fleet_file: of arms that are there, from the data folder. updates: per
    retraining, None for the task's default.
    Raises RequestError that names the value and what is valid.
    """
    try:
        defaults = task_defaults(task)
    except RobotsError as error:
        raise RequestError(str(error)) from error
    if not (find(task).supervisor or is_physical(task)):
        raise RequestError(
            f"{task} has no algorithmic supervisor for seats that nobody takes; give its Task a `supervisor`"
        )
    if algorithm not in ALGORITHMS:
        raise RequestError(f"algorithm is {algorithm!r}; valid are {', '.join(ALGORITHMS)}")
    if not 0 < pace <= LONGEST_PACE_S:
        raise RequestError(f"pace is {pace}; valid is above 0 and at most {LONGEST_PACE_S} seconds per step")
    if not 0 <= people <= supervisors:
        raise RequestError(
            f"people is {people}; valid is from 0 to the number of supervisors ({supervisors})"
        )
    try:
        path = shipped_checkpoint(task, algorithm)
        shipped = read_shipped(path)
        config = SupervisionConfig(
            robots=robots,
            supervisors=supervisors,
            uncertainty_threshold=shipped.threshold,
            minimum_intervention_steps=defaults.minimum_intervention_steps,
            hard_reset_steps=defaults.hard_reset_steps,
            retrain_every=defaults.retrain_every if retrain_every is None else retrain_every,
            episode_length=defaults.episode_length,
            priority=_priority(algorithm, shipped.manifest["estimator"]),
            seed=seed,
            by_motion=bool(fleet_file) or is_physical(task),
        )
    except (PolicyError, RobotsError) as error:
        raise RequestError(str(error)) from error
    with transaction.atomic():
        run = Run.objects.create(
            task=task,
            robots=robots,
            supervisors=supervisors,
            people=people,
            pace=pace,
            algorithm=algorithm,
            seed=seed,
            status=RunStatus.RUNNING,
            config={
                "supervision": config.to_dict(),
                "retraining": {"updates": updates},
                "fleet_file": fleet_file,
            },
        )
        Robot.objects.bulk_create(Robot(run=run, index=index) for index in range(robots))
        run.checkpoint = import_checkpoint(run, path, shipped)
        run.save(update_fields=["checkpoint"])
    return run


def ensure_run(
    *,
    task: str,
    robots: int,
    supervisors: int,
    people: int,
    pace: float,
    seed: int,
    algorithm: str = "iifl",
    fleet_file: str = "",
) -> Run:
    """The newest run if it is of this kind and not over, to go on with; else a new one.

    A project that ships other initial weights by now begins a new run, since the old ones may not load.
    Other runs end. Pace and seats for people may differ: they are taken over by the run that goes on.
    Raises RequestError as `create_run` does.
    """
    fixed = {"task": task, "robots": robots, "supervisors": supervisors, "algorithm": algorithm, "seed": seed}
    open_runs = Run.objects.exclude(status=RunStatus.ENDED)
    run = next((one for one in open_runs.filter(**fixed) if one.fleet_file == fleet_file), None)
    if run is None or not _begun_from_shipped(run):
        run = create_run(pace=pace, people=people, fleet_file=fleet_file, **fixed)  # type: ignore[arg-type]
    else:
        run.pace, run.people = pace, people
        run.save(update_fields=["pace", "people"])
    open_runs.exclude(pk=run.pk).update(status=RunStatus.ENDED, status_reason="Another run took its place.")
    return run


def _begun_from_shipped(run: Run) -> bool:
    try:
        shipped = file_digest(shipped_checkpoint(run.task, run.algorithm))
    except CheckpointError as error:
        raise RequestError(str(error)) from error
    return Checkpoint.objects.filter(run=run, version=1, sha256=shipped).exists()


def _priority(algorithm: str, estimator: str) -> Any:
    """A policy that cannot say how unsure it is calls for hard resets alone."""
    if algorithm == "iifl-random":
        return "random"
    return "constraint" if algorithm in ("bc", "ibc") or estimator == "none" else "uncertainty_constraint"


def stop_run(run: int, person: int, *, motors_off: bool = False) -> None:
    """No robot moves from now on. Raises NotAllowedError for a role that may not.

    motors_off: arms that are there lose their motors' power, too; also where they are stopped already.
    """
    if not motors_off:
        _switch(run, person, "stop", RunStatus.RUNNING, RunStatus.STOPPED, "{name} stopped the fleet.")
        return
    for before in (RunStatus.RUNNING, RunStatus.STOPPED):
        _switch(run, person, "motors_off", before, RunStatus.STOPPED, MOTORS_OFF)


def start_run(run: int, person: int) -> None:
    """End a stop. Raises NotAllowedError for a role that may not."""
    _switch(run, person, "start", RunStatus.STOPPED, RunStatus.RUNNING, "")


def _switch(run: int, person_id: int, action: str, before: RunStatus, after: RunStatus, reason: str) -> None:
    with transaction.atomic():
        person = Person.objects.get(pk=person_id)
        if not person.may_stop:
            raise NotAllowedError(
                f"Your role, {person.role}, may not {action} a fleet; supervisors, technicians and "
                "administrators may."
            )
        if action == "start" and person.role != Role.ADMINISTRATOR and Run.objects.get(pk=run).real:
            raise NotAllowedError(
                f"These are real robots: after a stop an administrator lets them go on, not a {person.role}."
            )
        changed = Run.objects.filter(pk=run, status=before).update(
            status=after, status_reason=reason.format(name=person.username)
        )
        if changed:
            audit(f"fleet_{action}", person=person, run=run)


def record_command(run_id: int, person_id: int, command: Command) -> tuple[Intervention, bool]:
    """Commit a person's command as pending; returns it and whether it is new.

    A command id that is known gives the first intervention. Raises RequestError, with a sentence for
    people, for somebody who may not, a robot that does not exist, a fleet that is stopped, and means of
    help that the task does not offer.
    """
    person = Person.objects.get(pk=person_id)
    if command.kind in BESIDE and not person.may_attend:
        raise RequestError(f"Your role, {person.role}, does not work at robots; technicians do.")
    if command.kind not in BESIDE and not person.may_supervise:
        raise RequestError(f"Your role, {person.role}, may not move robots; supervisors may.")
    run = Run.objects.get(pk=run_id)
    if command.robot >= run.robots:
        raise RequestError(f"There is no robot {command.robot}; the fleet has 0 to {run.robots - 1}.")
    if command.kind == HelpKind.TELEOPERATION:
        _check_means(command, run.task, task_means(run.task))
    known = Intervention.objects.filter(command_id=command.command).first()
    allowed = run.status == RunStatus.RUNNING or (
        command.kind == HelpKind.SET_ASIDE and run.status == RunStatus.STOPPED
    )
    if known is None and not allowed:
        raise RequestError(f"The fleet is {run.status}: no robot moves.")
    if known is None:
        try:
            with transaction.atomic():
                return _pending(run, person, command), True
        except IntegrityError:
            known = Intervention.objects.get(command_id=command.command)
    if known.person_id != person_id:
        raise RequestError("This command id belongs to somebody else.")
    return known, False


def _check_means(command: Command, task: str, means: Means) -> None:
    modes = ", ".join(means.modes)
    if command.mode is None and not means.push:
        raise RequestError(f"{task} takes no pushes; choose a way for the robot: {modes}.")
    if command.mode is not None and not means.modes:
        raise RequestError(f"{task} offers no supervisor's way to choose; push on the picture.")
    if command.mode is not None and command.mode not in means.modes:
        raise RequestError(f"{task} has no way {command.mode!r}; there are: {modes}.")
    if command.steps is not None and command.steps > means.steps:
        raise RequestError(f"A way can be chosen for 1 to {means.steps} steps, not for {command.steps}.")


def _pending(run: Run, person: Person, command: Command) -> Intervention:
    point = None if command.x is None or command.y is None else [command.x, command.y]
    return Intervention.objects.create(
        command_id=command.command,
        run=run,
        robot=command.robot,
        person=person,
        supervisor_name=person.username,
        kind=command.kind,
        frame=command.frame,
        point=point,
        mode=command.mode or command.said or "",
    )


def decide_command(intervention: int, status: InterventionStatus, reason: str) -> bool:
    """Settle a pending command that was not executed; says whether this call settled it."""
    changed = Intervention.objects.filter(pk=intervention, status=InterventionStatus.PENDING).update(
        status=status, reason=reason[:300], decided_at=timezone.now()
    )
    return changed == 1
