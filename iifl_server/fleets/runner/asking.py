"""Asking an inference worker for a decision, while the cameras go on."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import msgpack
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from iifl_server.errors import NoAnswerError
from iifl_server.learning.tasks import decide
from iifl_server.live.broker import live_client

TIMEOUT_S = 5.0
SLICE_S = 0.1
BROKER_SILENT = "The broker does not answer; trying again."

Ask = Callable[[dict[str, Any], Callable[[], None]], dict[str, Any]]
"""(request, what to do while waiting) → answer; raises NoAnswerError."""


def ask_inference(asked: dict[str, Any], meanwhile: Callable[[], None]) -> dict[str, Any]:
    """Send a request to the queue `inference` and wait for its answer, at most 5 s.

    The answer comes through a list of its own in the broker: a blocking read is cheaper than Celery's
    result store and knows no state that a broker restart could leave behind. Raises NoAnswerError, with
    a reason for people.
    """
    reply = f"iifl:answer:{uuid4()}"
    try:
        decide.apply_async(args=[asked, reply], expires=TIMEOUT_S, ignore_result=True, retry=False)
    except (RedisError, OperationalError, OSError) as error:
        raise NoAnswerError(BROKER_SILENT) from error
    return wait_for_answer(reply, meanwhile)


def wait_for_answer(reply: str, meanwhile: Callable[[], None]) -> dict[str, Any]:
    """The answer on this list, within 5 s; raises NoAnswerError."""
    for _ in range(round(TIMEOUT_S / SLICE_S)):
        try:
            found = live_client().blpop([reply], timeout=SLICE_S)
        except (RedisError, OSError) as error:
            raise NoAnswerError(BROKER_SILENT) from error
        if found is not None:
            answer: dict[str, Any] = msgpack.unpackb(found[1])
            return answer
        meanwhile()
    raise NoAnswerError(f"No inference worker has answered for {TIMEOUT_S:.0f} s; trying again.")
