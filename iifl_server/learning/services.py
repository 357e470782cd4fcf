"""Writes about learning: checkpoints enter the database here, and retrainings begin and are watched."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from iifl_server.errors import RequestError
from iifl_server.fleets.models import Run
from iifl_server.learning.initial import Shipped
from iifl_server.learning.models import Checkpoint, Retraining, RetrainingStatus
from iifl_server.learning.stored import FOLDER, checkpoint_file, file_digest, sound_file
from policy.errors import CheckpointError
from policy.learning.files import write_whole

ACTIVE = (RetrainingStatus.QUEUED, RetrainingStatus.RUNNING)


def import_checkpoint(run: Run, path: Path, shipped: Shipped) -> Checkpoint:
    """The run's first version, copied: the run keeps its weights when the project ships new ones."""
    own = f"{FOLDER}/run-{run.pk}-v1.safetensors"
    data = _copied(path, own)
    return Checkpoint.objects.create(
        run=run,
        version=1,
        path=own,
        sha256=hashlib.sha256(data).hexdigest(),
        threshold=shipped.threshold,
        trained_on=shipped.trained_on,
        manifest=shipped.manifest,
    )


def copy_again(first: Checkpoint, shipped: Path) -> bool:
    """Make the file of a run's first version anew from these weights; says whether they are the same."""
    try:
        if file_digest(shipped) != first.sha256:
            return False
        _copied(shipped, first.path)
    except OSError:
        return False
    return True


def _copied(source: Path, path: str) -> bytes:
    target = checkpoint_file(path)
    target.parent.mkdir(exist_ok=True)
    data = source.read_bytes()
    write_whole(target, data)
    return data


def newest_checkpoint(run: int, without: Iterable[int] = ()) -> Checkpoint:
    """The run's newest weights: what the last finished retraining made, or the first.

    without: versions to pass over, since their files cannot be used now.
    """
    usable = Q(version=1) | Q(retraining_set__status=RetrainingStatus.DONE)
    rows = Checkpoint.objects.filter(usable, run=run).exclude(version__in=list(without))
    found = rows.select_related("parent").order_by("-version").first()
    if found is None:
        raise RequestError(f"run {run} has no checkpoint; begin a new run")
    return found


def newest_sound_checkpoint(run: int) -> Checkpoint:
    """The newest weights whose file is the one that was entered.

    Raises AwayError where a newer file cannot be read now, CheckpointError where none can be used.
    """
    unsound: list[int] = []
    while True:
        found = newest_checkpoint(run, without=unsound)
        try:
            sound_file(found.path, found.sha256)
            return found
        except CheckpointError:
            if found.version == 1:
                raise
            unsound.append(found.version)


def give_up(run: int, version: int) -> None:
    """Somebody decides that these weights are lost for good. Raises RequestError."""
    rows = Retraining.objects.filter(
        checkpoint__run=run, checkpoint__version=version, status=RetrainingStatus.DONE
    )
    if not rows.update(status=RetrainingStatus.FAILED, message="given up: its file was lost"):
        there = Checkpoint.objects.filter(
            run=run, version__gt=1, retraining_set__status=RetrainingStatus.DONE
        )
        valid = ", ".join(str(row.version) for row in there.order_by("version")) or "none"
        raise RequestError(f"run {run} has no learned version {version} in use; valid are: {valid}")


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
    retraining: int, attempt: int, path: str, parent: Checkpoint, version: int, manifest: dict[str, Any]
) -> Checkpoint | None:
    """Enter a finished checkpoint; None, and nothing written, where a newer attempt has taken over."""
    with transaction.atomic():
        rows = Retraining.objects.filter(pk=retraining, attempt=attempt, status__in=ACTIVE)
        if not rows.update(status=RetrainingStatus.DONE, progress=1.0, message=""):
            return None
        checkpoint = Checkpoint.objects.create(
            run_id=parent.run_id,
            version=version,
            path=path,
            sha256=file_digest(checkpoint_file(path)),
            threshold=parent.threshold,
            trained_on=int(manifest["trained_on"]),
            parent=parent,
            manifest=manifest,
        )
        Retraining.objects.filter(pk=retraining).update(checkpoint=checkpoint)
    return checkpoint
