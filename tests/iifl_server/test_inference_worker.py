"""A real Celery worker in a process of its own: it answers, it dies, and another one goes on."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iifl_server.celery import app
from iifl_server.errors import NoAnswerError
from iifl_server.fleets.runner import asking
from iifl_server.learning.deciding import actions_of, request
from iifl_server.learning.services import file_digest
from iifl_server.processes.children import Child, Children
from policy import ImplicitPolicy, save_checkpoint
from policy.supervision import SupervisionConfig, SupervisionState


@pytest.fixture
def asked(tmp_path: Path) -> dict[str, Any]:
    """A request of a fleet of four that have not moved yet."""
    path = tmp_path / "policy.safetensors"
    save_checkpoint(path, ImplicitPolicy(seed=0), uncertainty_threshold=1.0, trained_on=336)
    config = SupervisionConfig(robots=4, supervisors=2, uncertainty_threshold=0.0)
    pictures = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    named = {"path": str(path), "sha256": file_digest(path)}
    return request(named, pictures, config, SupervisionState.initial(config), [True, True], [], 1)


@pytest.fixture
def worker(broker: Any, valkey_socket: Path, settings: Any, tmp_path: Path) -> Iterator[Children]:
    """A worker on the queue `inference`, started again when it is killed."""
    app.conf.broker_url = settings.BROKERS.celery
    children = Children(tmp_path / "logs")
    environment = {
        "IIFL_BROKER_SOCKET": str(valkey_socket),
        "IIFL_DATA": str(tmp_path),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, str(settings.REPOSITORY / "manage.py"), "worker", "inference"]
    children.start(Child("inference", command, environment))
    yield children
    children.stop_all()


@pytest.mark.slow(30)
def test_a_worker_answers_and_the_next_one_goes_on_after_it_was_killed(
    worker: Children, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[int] = []
    first = _ask_patiently(asked, lambda: rounds.append(1))
    assert rounds, "the cameras stood still while the worker started"
    assert actions_of(first).shape == (4, 2)
    assert sorted(robot for robot, seat in enumerate(first["state"]["supervisor"]) if seat >= 0)

    process = worker._children[0].process
    assert process is not None
    process.kill()
    process.wait()
    with monkeypatch.context() as impatient:
        impatient.setattr(asking, "TIMEOUT_S", 1.0)
        with pytest.raises(NoAnswerError, match="No inference worker"):
            asking.ask_inference(asked, lambda: None)
    again = _ask_patiently(asked, lambda: worker.watch() and None)
    assert again == first


def test_a_broker_that_is_gone_is_named(settings: Any, tmp_path: Path, asked: dict[str, Any]) -> None:
    from iifl_server.brokers import socket_urls

    settings.BROKERS = socket_urls(tmp_path / "nothing.sock")
    with pytest.raises(NoAnswerError, match="broker"):
        asking.wait_for_answer("iifl:answer:none", lambda: None)


def _ask_patiently(asked: dict[str, Any], meanwhile: Any) -> dict[str, Any]:
    """As the runner does: ask again until a worker is there."""
    for _ in range(8):
        try:
            return asking.ask_inference(asked, meanwhile)
        except NoAnswerError:
            continue
    raise AssertionError("no worker ever answered")
