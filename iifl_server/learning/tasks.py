"""Celery tasks: decisions of live fleets, and retraining beside them."""

import logging
import os
import threading
from typing import Any

import msgpack
from celery import shared_task
from redis.exceptions import RedisError

from iifl_server.learning import services
from iifl_server.learning.deciding import decide as decide_step
from iifl_server.learning.stored import FOLDER, AwayError, checkpoint_file
from iifl_server.live import keys
from iifl_server.live.broker import live_client
from iifl_server.live.clock import now_ms
from policy.errors import CheckpointError, PolicyError

logger = logging.getLogger(__name__)

HEARTBEAT_S = 2.0
ANSWER_S = 30
NICENESS = 10


@shared_task(name="iifl.decide", ignore_result=True)  # type: ignore[untyped-decorator]
def decide(asked: dict[str, Any], reply: str) -> None:
    """Answer one runner's request on the list it named."""
    packed = msgpack.packb(answer(asked))
    client = live_client()
    with client.pipeline(transaction=False) as pipe:
        pipe.rpush(reply, packed)
        pipe.expire(reply, ANSWER_S)
        pipe.execute()


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """The decision, or `error` and `message`: `away` for weights that may come back, `checkpoint` for others
    that cannot be used, `decision` for anything else."""
    from iifl_server.learning.hot import hot_policy

    try:
        checkpoint = asked["checkpoint"]
        return decide_step(hot_policy(checkpoint["path"], checkpoint["sha256"]), asked)
    except AwayError as error:
        return {"error": "away", "message": str(error)}
    except CheckpointError as error:
        return {"error": "checkpoint", "message": str(error)}
    except Exception as error:
        # An answer in any case: silence would look like a missing worker.
        logger.exception("a decision failed")
        return {"error": "decision", "message": f"The policy failed: {error}"}


@shared_task(name="iifl.retrain", ignore_result=True)  # type: ignore[untyped-decorator]
def retrain(retraining_id: int, attempt: int) -> None:
    """Learn from everything executed so far and deliver a checkpoint, unless a newer attempt took over."""
    from iifl_server.learning.retraining import plan, train_plan

    if not services.mark_running(retraining_id, attempt):
        return
    be_nice()
    beat = _Heartbeat(keys.retraining(retraining_id, attempt))
    try:
        with beat:
            work = plan(retraining_id)
            path = f"{FOLDER}/run-{work.run}-v{work.version}-a{attempt}.safetensors"
            manifest = train_plan(work, checkpoint_file(path), beat.report)
        delivered = services.deliver(retraining_id, attempt, path, work.source, work.version, manifest)
        if delivered is None:
            checkpoint_file(path).unlink(missing_ok=True)
    except (PolicyError, AwayError) as error:
        logger.exception("retraining %s failed", retraining_id)
        services.mark_failed(retraining_id, attempt, str(error))


def be_nice() -> None:
    """Training yields the processor to inference."""
    if os.nice(0) < NICENESS:
        os.nice(NICENESS - os.nice(0))


class _Heartbeat:
    """Tells the runner that the attempt lives, and how far it is."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._progress, self._message = 0.0, "loading the data"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "_Heartbeat":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(HEARTBEAT_S)

    def report(self, progress: float, message: str) -> None:
        """Progress from 0 to 1; sent with the next beat."""
        self._progress, self._message = progress, message

    def _run(self) -> None:
        while True:
            values = {"at": now_ms(), "progress": self._progress, "message": self._message}
            try:
                live_client().hset(self._key, mapping=values)
                live_client().expire(self._key, 3600)
            except RedisError:
                logger.warning("the broker does not take the heartbeat of a retraining")
            if self._ended.wait(HEARTBEAT_S / 2):
                return
