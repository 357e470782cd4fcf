"""The runner's side of retraining: send it, watch its heartbeat, try again, swap the new weights in."""

import time
from dataclasses import dataclass
from typing import Any

from celery.exceptions import CeleryError
from kombu.exceptions import OperationalError

from iifl_server.fleets.runner.lease import held
from iifl_server.fleets.runner.session import Session
from iifl_server.learning import services
from iifl_server.learning.initial import shipped_checkpoint
from iifl_server.learning.models import Checkpoint, Retraining, RetrainingStatus
from iifl_server.learning.stored import is_sound
from iifl_server.learning.tasks import retrain
from iifl_server.live import keys
from iifl_server.live.broker import live_client
from iifl_server.live.clock import now_ms
from policy.errors import CheckpointError

ATTEMPTS = 3
SILENT_MS = 15_000
"""An attempt that was not heard of for this long has died."""
UNBEGUN_MS = 60_000
"""An attempt that no worker has begun: it may wait behind another, or be lost; sending again is harmless."""
LOOK_AGAIN_S = 30.0
"""How often weights that were not whole are looked at again."""


@dataclass(frozen=True)
class RetrainingView:
    """As the wire shows it."""

    status: str = "idle"
    progress: float = 0.0
    from_step: int | None = None
    message: str = ""


@dataclass(frozen=True)
class Beat:
    """What an attempt last said of itself."""

    at: float
    progress: float
    message: str


def is_silent(beat: Beat | None, sent_at: float, now: float) -> bool:
    """Whether an attempt must be taken for dead; times are the server's clock [ms]. Pure."""
    return now - beat.at > SILENT_MS if beat else now - sent_at > UNBEGUN_MS


def send(retraining: Retraining) -> None:
    """Hand the present attempt to the training workers; a lost one is sent again when it stays silent."""
    try:
        retrain.apply_async(args=[retraining.pk, retraining.attempt], ignore_result=True, retry=False)
    except (OperationalError, CeleryError):
        return


def watch(session: Session) -> RetrainingView:
    """Look after the run's newest retraining, and swap in what it made. Called between two steps."""
    _look_again(session)
    swap(session, services.newest_checkpoint(session.id, without=session.unsound))
    newest = Retraining.objects.filter(run=session.id).order_by("-pk").first()
    if newest is None:
        return RetrainingView()
    if newest.status == RetrainingStatus.DONE:
        return RetrainingView(from_step=newest.from_step)
    if newest.status == RetrainingStatus.FAILED:
        return RetrainingView("failed", newest.progress, newest.from_step, newest.message)
    beat = read_beat(newest.pk, newest.attempt)
    if is_silent(beat, newest.sent_at.timestamp() * 1000, now_ms()):
        message = f"attempt {newest.attempt} of {ATTEMPTS} went silent"
        if services.next_attempt(newest, ATTEMPTS, message):
            newest.refresh_from_db()
            send(newest)
    status = "running" if beat else "queued"
    message = beat.message if beat else newest.message
    return RetrainingView(status, beat.progress if beat else 0.0, newest.from_step, message)


def swap(session: Session, fresh: Checkpoint) -> None:
    """Use these weights from the next step on; û stays the run's."""
    if fresh.pk != session.checkpoint.pk:
        held(session.id, session.epoch).update(checkpoint=fresh)
        session.checkpoint = fresh


def set_aside(session: Session) -> str:
    """What to do about weights that cannot be used, done and said.

    Later versions are passed over while their file is wrong; the first one is copied again from the weights
    that it began from. Nothing is marked in the database: what was learned is used again once it is whole.
    """
    unsound = session.checkpoint
    if unsound.version > 1:
        session.unsound[unsound.version] = time.monotonic()
        return "The weights before it are used until it is whole again."
    run = session.run
    try:
        if services.copy_again(unsound, shipped_checkpoint(run.task, run.algorithm)):
            return "It was copied again from the weights that the run began from."
    except CheckpointError:
        pass
    return "Put that file back, or start anew: a new run begins from the weights that are there."


def _look_again(session: Session) -> None:
    """Take weights back that are whole again; looked at every `LOOK_AGAIN_S`."""
    due = [version for version, at in session.unsound.items() if time.monotonic() - at > LOOK_AGAIN_S]
    for row in Checkpoint.objects.filter(run=session.id, version__in=due):
        if is_sound(row.path, row.sha256):
            del session.unsound[row.version]
        else:
            session.unsound[row.version] = time.monotonic()


def read_beat(retraining: int, attempt: int) -> Beat | None:
    """The attempt's last heartbeat, or None before its first."""
    values: dict[bytes, Any] = live_client().hgetall(keys.retraining(retraining, attempt))
    if not values:
        return None
    return Beat(float(values[b"at"]), float(values[b"progress"]), values[b"message"].decode())
