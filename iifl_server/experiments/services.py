"""Writes of shared trials. A lease is one conditional update: two workers never both get a trial."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from iifl_server.errors import RequestError
from iifl_server.experiments.grid import ATTEMPTS
from iifl_server.experiments.models import SharedTrial, TrialStatus
from iifl_server.experiments.protocol import Trial

MOST_CLAIMS = 5
"""Workers that may fall silent at a trial before it has failed."""
LEASE_S = 60.0
"""A trial whose worker was not heard of for so long is free again."""


def share(experiment: str, trials: Sequence[Trial]) -> list[SharedTrial]:
    """Rows of these trials, made where there are none; what failed before may be tried again.

    Raises RequestError where a row of that name describes another trial.
    """
    with transaction.atomic():
        for trial in trials:
            row, _ = SharedTrial.objects.get_or_create(
                experiment=experiment,
                name=trial.name,
                defaults={"description": trial.to_dict(), "follows": trial.follows},
            )
            if row.description != trial.to_dict():
                raise RequestError(
                    f"{experiment} already has another trial {trial.name}; choose another --out for this one"
                )
        rows = SharedTrial.objects.filter(experiment=experiment)
        rows.filter(status=TrialStatus.FAILED).update(status=TrialStatus.WAITING, attempts=0, message="")
    return list(rows.filter(name__in=[trial.name for trial in trials]))


def claim(pk: int, owner: str) -> SharedTrial | None:
    """The trial, if it is free and what it follows is done; None if there is nothing to do here."""
    now = timezone.now()
    silent = Q(status=TrialStatus.RUNNING, heard_at__lt=now - timedelta(seconds=LEASE_S))
    free = SharedTrial.objects.filter(Q(status=TrialStatus.WAITING) | silent, pk=pk)
    row = free.first()
    if row is None or (row.follows and followed_result(row) is None):
        return None
    if row.attempts >= MOST_CLAIMS:
        reason = f"{row.attempts} workers fell silent at it, killed for want of memory perhaps"
        free.update(status=TrialStatus.FAILED, message=reason)
        return None
    claimed = free.update(
        status=TrialStatus.RUNNING,
        owner=owner,
        heard_at=now,
        attempts=F("attempts") + 1,
        message="begins",
    )
    return SharedTrial.objects.get(pk=pk) if claimed else None


def followed_result(row: SharedTrial) -> dict[str, Any] | None:
    """Result of the trial that a trial follows; None where it is not there yet."""
    other = SharedTrial.objects.filter(experiment=row.experiment, name=row.follows).first()
    return None if other is None else other.result


def is_silent(row: SharedTrial) -> bool:
    """Whether a trial runs whose worker was not heard of for too long."""
    limit = timezone.now() - timedelta(seconds=LEASE_S)
    return row.status == TrialStatus.RUNNING and (row.heard_at is None or row.heard_at < limit)


def beat(pk: int, owner: str, progress: float, message: str) -> bool:
    """Keep a lease alive; False where it was lost, and the work is somebody else's."""
    mine = SharedTrial.objects.filter(pk=pk, owner=owner, status=TrialStatus.RUNNING)
    return bool(mine.update(heard_at=timezone.now(), progress=progress, message=message[:300]))


def finish(pk: int, owner: str, result: dict[str, Any], history: str) -> bool:
    """Commit a result; False where the lease was lost, and the result is not taken."""
    mine = SharedTrial.objects.filter(pk=pk, owner=owner, status=TrialStatus.RUNNING)
    done = {"status": TrialStatus.DONE, "progress": 1.0, "message": "", "result": result, "history": history}
    return bool(mine.update(**done))


def give_back(pk: int, owner: str) -> None:
    """Free a trial that its worker cannot go on with, a worker that ends say; it counts as no attempt."""
    mine = SharedTrial.objects.filter(pk=pk, owner=owner, status=TrialStatus.RUNNING)
    mine.update(status=TrialStatus.WAITING, owner="", attempts=F("attempts") - 1)


def fail(pk: int, owner: str, reason: str) -> None:
    """One attempt failed; after ATTEMPTS of them the trial has."""
    mine = SharedTrial.objects.filter(pk=pk, owner=owner, status=TrialStatus.RUNNING)
    mine.filter(attempts__gte=ATTEMPTS).update(status=TrialStatus.FAILED, message=reason[:300])
    mine.filter(attempts__lt=ATTEMPTS).update(status=TrialStatus.WAITING, owner="", message=reason[:300])
