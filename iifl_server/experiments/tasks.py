"""The Celery task of the queue `experiments`: it claims a trial in the database, or leaves it to who has it.

A broker delivers a long task twice (Redis after its visibility timeout, others when a connection breaks), so
what a task says is only that there may be something to do.
"""

import logging
import os
import socket
import threading
import uuid
from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.db import close_old_connections

from iifl_server.errors import LeaseLostError
from iifl_server.experiments import services
from iifl_server.experiments.protocol import Trial
from iifl_server.experiments.shared import thinned

logger = logging.getLogger(__name__)
BEAT_S = 10.0


@shared_task(name="iifl.trial", ignore_result=True)  # type: ignore[untyped-decorator]
def run_shared_trial(pk: int) -> None:
    """Run a trial, if nobody else does; its files stay in this machine's data folder until it is done."""
    from iifl_server.experiments.trial import run_trial

    owner = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    row = services.claim(pk, owner)
    if row is None:
        return
    trial = Trial.from_dict(row.description)
    out = Path(settings.DATA) / "experiments" / row.experiment
    followed = services.followed_result(row) if row.follows else None
    try:
        with _Lease(pk, owner) as lease:
            result = run_trial(trial, out, lease.report, followed)
            services.finish(pk, owner, result, thinned(out / "trials" / trial.name))
    except LeaseLostError:
        logger.warning("trial %s was taken over by another worker", row)
    except Exception as error:
        logger.exception("trial %s failed", row)
        services.fail(pk, owner, f"{type(error).__name__}: {error}")
    except BaseException:  # This worker ends; another one may go on at once.
        services.give_back(pk, owner)
        raise


class _Lease:
    """Keeps a trial while it runs, and ends the run where it is no longer ours."""

    def __init__(self, pk: int, owner: str) -> None:
        self._pk, self._owner = pk, owner
        self._done, self._text = 0.0, "begins"
        self._lost = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "_Lease":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(BEAT_S)

    def report(self, done: float, text: str) -> None:
        """How far it is; raises LeaseLostError where another worker has it now."""
        self._done, self._text = done, text
        if self._lost.is_set():
            raise LeaseLostError("another worker took this trial over")

    def _run(self) -> None:
        while not self._ended.wait(BEAT_S):
            try:
                if not services.beat(self._pk, self._owner, self._done, self._text):
                    self._lost.set()
                    return
            except Exception:  # A database that is away for a moment; the lease outlives some beats.
                logger.warning("the database does not take the heartbeat of a trial", exc_info=True)
            finally:
                close_old_connections()
