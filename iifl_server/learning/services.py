"""Writes about learning: checkpoints enter the database here, and retrainings begin and are watched."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from iifl_server.errors import RequestError
from iifl_server.fleets.models import Run
from iifl_server.learning.initial import Shipped
from iifl_server.learning.models import Checkpoint, Retraining, RetrainingStatus

ACTIVE = (RetrainingStatus.QUEUED, RetrainingStatus.RUNNING)


def import_checkpoint(run: Run, path: Path, shipped: Shipped) -> Checkpoint:
    """The run's first version, copied: the run keeps its weights when the project ships new ones."""
    folder = Path(settings.DATA) / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    own = Path(shutil.copyfile(path, folder / f"run-{run.pk}-v1.safetensors"))
    return Checkpoint.objects.create(
        run=run,
        version=1,
        path=str(own),
        sha256=file_digest(own),
        threshold=shipped.threshold,
        trained_on=shipped.trained_on,
        manifest=shipped.manifest,
    )


def file_digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def newest_checkpoint(run: int) -> Checkpoint:
    """The run's newest usable weights: the first, or what the last finished retraining made."""
    usable = Q(version=1) | Q(retraining_set__status=RetrainingStatus.DONE)
    found = Checkpoint.objects.filter(usable, run=run).select_related("parent").order_by("-version").first()
    if found is None:
        raise RequestError(f"run {run} has no checkpoint; begin a new run")
    return found


def queue_retraining(run: int, from_step: int) -> Retraining | None:
    """Begin a retraining unless one is under way; the caller sends it once it is committed."""
    if Retraining.objects.filter(run=run, status__in=ACTIVE).exists():
        return None
    return Retraining.objects.create(run_id=run, from_step=from_step, sent_at=timezone.now())


def next_attempt(retraining: Retraining, attempts: int, message: str) -> bool:
    """Give a retraining that went silent another attempt, or fail it; says whether there is one."""
    rows = Retraining.objects.filter(pk=retraining.pk, attempt=retraining.attempt, status__in=ACTIVE)
    if retraining.attempt >= attempts:
        rows.update(status=RetrainingStatus.FAILED, message=message[:300])
        return False
    return bool(
        rows.update(
            attempt=retraining.attempt + 1,
            status=RetrainingStatus.QUEUED,
            sent_at=timezone.now(),
            message=message[:300],
        )
    )


def mark_running(retraining: int, attempt: int) -> bool:
    """The attempt begins; False where a newer attempt has taken over."""
    rows = Retraining.objects.filter(pk=retraining, attempt=attempt, status__in=ACTIVE)
    return bool(rows.update(status=RetrainingStatus.RUNNING, progress=0.0))


def mark_failed(retraining: int, attempt: int, message: str) -> None:
    """The attempt failed for a reason that another attempt would meet again."""
    Retraining.objects.filter(pk=retraining, attempt=attempt, status__in=ACTIVE).update(
        status=RetrainingStatus.FAILED, message=message[:300]
    )


def deliver(
    retraining: int, attempt: int, path: Path, parent: Checkpoint, version: int, manifest: dict[str, Any]
) -> Checkpoint | None:
    """Enter a finished checkpoint; None, and nothing written, where a newer attempt has taken over."""
    with transaction.atomic():
        rows = Retraining.objects.filter(pk=retraining, attempt=attempt, status__in=ACTIVE)
        if not rows.update(status=RetrainingStatus.DONE, progress=1.0, message=""):
            return None
        checkpoint = Checkpoint.objects.create(
            run_id=parent.run_id,
            version=version,
            path=str(path),
            sha256=file_digest(path),
            threshold=parent.threshold,
            trained_on=int(manifest["trained_on"]),
            parent=parent,
            manifest=manifest,
        )
        Retraining.objects.filter(pk=retraining).update(checkpoint=checkpoint)
    return checkpoint
