"""A real broker, a real database, real robots; a stand-in policy where learning is not the point."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from channels.layers import channel_layers

from iifl_server.accounts.models import Person, Role
from iifl_server.brokers import socket_urls
from iifl_server.fleets.models import Run, RunStatus
from iifl_server.fleets.runner.driver import Driver
from iifl_server.fleets.runner.lease import claim_run
from iifl_server.fleets.runner.session import open_session
from iifl_server.learning.deciding import decide
from iifl_server.learning.models import Checkpoint
from iifl_server.live.broker import live_client
from iifl_server.processes.children import Children
from iifl_server.processes.valkey import start_valkey
from policy.supervision import SupervisionConfig


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """People are made and sign in without the half second that makes passwords hard to guess."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def valkey_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One Valkey server for the whole test run."""
    children = Children(tmp_path_factory.mktemp("logs"))
    try:
        yield start_valkey(children, tmp_path_factory.mktemp("valkey"))
    finally:
        children.stop_all()


@pytest.fixture
def broker(valkey_socket: Path, settings: Any, tmp_path: Path) -> Iterator[Any]:
    """The server, empty, behind every part of the project; data go to a folder of the test's own."""
    settings.BROKERS = socket_urls(valkey_socket)
    settings.CHANNEL_LAYERS = settings.BROKERS.channel_layers
    settings.DATA = tmp_path
    channel_layers.backends.clear()
    live_client().flushall()
    yield live_client()
    channel_layers.backends.clear()


@dataclass
class StandInPolicy:
    """Small random pushes; `unsure` robots are far above any threshold."""

    unsure: tuple[int, ...] = ()

    def decide(self, observations: Any, seed: int) -> Any:
        """As a policy does."""
        generator = np.random.default_rng(seed)
        uncertainty = np.full(len(observations), 0.1)
        uncertainty[list(self.unsure)] = 50.0
        actions = generator.uniform(-0.3, 0.3, (len(observations), 2)).astype(np.float32)
        return SimpleNamespace(actions=actions, uncertainty=uncertainty)


@pytest.fixture
def policy() -> StandInPolicy:
    """Change `unsure` to make robots call."""
    return StandInPolicy()


@pytest.fixture
def run(db: None) -> Run:
    """Four robots, two supervisors, one seat for a person, a fast pace."""
    config = SupervisionConfig(robots=4, supervisors=2, uncertainty_threshold=1.0)
    run = Run.objects.create(
        task="block_push",
        robots=4,
        supervisors=2,
        people=1,
        pace=0.05,
        status=RunStatus.RUNNING,
        config={"supervision": config.to_dict(), "retraining": {"updates": 1}},
    )
    run.checkpoint = Checkpoint.objects.create(
        run=run, version=1, path="none", sha256="0" * 64, threshold=1.0, trained_on=336
    )
    run.save()
    return run


@pytest.fixture
def make_driver(run: Run, broker: Any, policy: StandInPolicy) -> Callable[[], Driver]:
    """A runner's driver of `run`, as after a claim."""

    def make() -> Driver:
        Run.objects.filter(pk=run.pk).update(runner_owner="")
        claimed = claim_run("test")
        assert claimed is not None
        return Driver(open_session(claimed), ask=lambda asked, meanwhile: decide(policy, asked))

    return make


@pytest.fixture
def driver(make_driver: Callable[[], Driver]) -> Driver:
    """The first runner of `run`."""
    return make_driver()


@pytest.fixture
def ana(db: None) -> Person:
    """A supervisor."""
    return Person.objects.create_user("ana", password="secret-of-ana", role=Role.SUPERVISOR)


@pytest.fixture
def ben(db: None) -> Person:
    """Another supervisor."""
    return Person.objects.create_user("ben", password="secret-of-ben", role=Role.SUPERVISOR)


@pytest.fixture
def vera(db: None) -> Person:
    """A viewer."""
    return Person.objects.create_user("vera", password="secret-of-vera", role=Role.VIEWER)
