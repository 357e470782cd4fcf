"""A runner's lease on a run: owner, heartbeat and epoch, so that two never drive one fleet."""

import hashlib
import os
import socket
from datetime import timedelta
from pathlib import Path

import psutil
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from iifl_server.errors import LeaseLostError
from iifl_server.fleets.models import Run, RunStatus

BOOT = Path("/proc/sys/kernel/random/boot_id")
NAMESPACE = Path("/proc/self/ns/pid")
STALE_AFTER = timedelta(seconds=10)
"""A runner not heard of for this long is taken for dead."""
ALIVE = (RunStatus.STARTING, RunStatus.RUNNING, RunStatus.STOPPED)


def owner_name() -> str:
    """This process: its machine, process id and its start, since ids are used again."""
    return f"{_machine()}/{os.getpid()}/{psutil.Process().create_time():.2f}"


def claim_run(owner: str) -> Run | None:
    """A run that nobody drives, now ours, under an epoch that fences every earlier runner out."""
    with transaction.atomic():
        for run in Run.objects.select_for_update().filter(status__in=ALIVE).order_by("pk"):
            if not _free(run):
                continue
            run.runner_owner = owner
            run.runner_epoch += 1
            run.runner_heartbeat_at = timezone.now()
            run.save(update_fields=["runner_owner", "runner_epoch", "runner_heartbeat_at"])
            return run
    return None


def held(run: int, epoch: int) -> "QuerySet[Run]":
    """The run, if this epoch still is the newest: every write of a runner goes through here."""
    return Run.objects.filter(pk=run, runner_epoch=epoch)


def beat(run: int, epoch: int) -> None:
    """Say that the runner lives; raises LeaseLostError."""
    if not held(run, epoch).update(runner_heartbeat_at=timezone.now()):
        raise LeaseLostError(f"run {run} has another runner now; this one leaves it alone")


def current_status(run: int, epoch: int) -> tuple[str, str]:
    """Status and reason; raises LeaseLostError. Asked right before robots move."""
    found = held(run, epoch).values_list("status", "status_reason").first()
    if found is None:
        raise LeaseLostError(f"run {run} has another runner now; this one leaves it alone")
    return found


def release(run: int, epoch: int) -> None:
    """Let another runner claim the run at once."""
    held(run, epoch).update(runner_owner="", runner_heartbeat_at=None)


def _free(run: Run) -> bool:
    if not run.runner_owner or run.runner_heartbeat_at is None:
        return True
    return timezone.now() - run.runner_heartbeat_at > STALE_AFTER or _died_here(run.runner_owner)


def _machine() -> str:
    """Where process ids mean what they mean here: containers of one host name number their own."""
    place = f"{socket.gethostname()} {_told(BOOT)} {_told(NAMESPACE)}"
    return f"{socket.gethostname()[:40]}.{hashlib.sha256(place.encode()).hexdigest()[:16]}"


def _told(path: Path) -> str:
    """What the kernel says of itself; nothing where it has no such thing."""
    try:
        return os.readlink(path) if path.is_symlink() else path.read_text().strip()
    except OSError:
        return ""


def _died_here(owner: str) -> bool:
    """Whether the owner was a process that this one would see, and has ended."""
    machine, _, rest = owner.partition("/")
    pid, _, created = rest.partition("/")
    if machine != _machine() or not pid.isdigit():
        return False
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" != created
    except psutil.NoSuchProcess:
        return True
