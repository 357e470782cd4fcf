"""Retraining beside a live run: data, delivery, fencing, lost workers, swaps, unusable checkpoints."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from iifl_server.errors import RequestError
from iifl_server.fleets.models import Intervention, InterventionStatus, Run
from iifl_server.fleets.runner import learning
from iifl_server.fleets.runner.driver import Driver
from iifl_server.fleets.services import create_run, ensure_run
from iifl_server.learning import services, tasks
from iifl_server.learning.deciding import actions_of, request
from iifl_server.learning.models import Checkpoint, Retraining, RetrainingStatus
from iifl_server.learning.observations import decode_observation, encode_observation
from iifl_server.learning.stored import checkpoint_file, is_sound
from iifl_server.live import keys
from iifl_server.live.announcements import newest_live
from iifl_server.live.clock import now_ms
from policy import ExplicitPolicy, ImplicitPolicy, save_checkpoint
from policy.supervision import SupervisionConfig, SupervisionState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def shipped(settings: Any, tmp_path: Path) -> Path:
    """Weights of an untrained policy where the project's own would lie."""
    settings.SHIPPED = tmp_path / "shipped"
    settings.DATA = tmp_path
    path = settings.SHIPPED / "block_push" / "policy.safetensors"
    save_checkpoint(path, ImplicitPolicy(seed=0), uncertainty_threshold=1.5, trained_on=336, data_seed=0)
    return path


@pytest.fixture
def real_run(db: None, shipped: Path) -> Run:
    """A run that began from a checkpoint on disk."""
    return create_run("block_push", updates=2)


@pytest.fixture
def retraining(broker: Any, real_run: Run) -> Retraining:
    """Due at step 50, with one executed push of a supervisor in the data and one refused."""
    picture = encode_observation(np.full((64, 64, 3), 7, dtype=np.uint8))
    for status in (InterventionStatus.EXECUTED, InterventionStatus.REFUSED):
        Intervention.objects.create(
            run=real_run,
            robot=0,
            kind="teleoperation",
            step=10,
            action=[0.5, -0.5],
            observation=picture,
            in_dataset=status == InterventionStatus.EXECUTED,
            status=status,
            supervisor_name="ana",
        )
    queued = services.queue_retraining(real_run.pk, 50)
    assert queued is not None
    return queued


def test_observations_survive_the_database_bit_for_bit() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert np.array_equal(decode_observation(encode_observation(picture)), picture)
    state = np.random.default_rng(0).normal(size=(60,)).astype(np.float32)
    assert np.array_equal(decode_observation(encode_observation(state)), state)


@pytest.mark.slow(5)
def test_a_retraining_learns_from_what_was_executed_and_delivers_a_checkpoint(retraining: Retraining) -> None:
    tasks.retrain(retraining.pk, 1)
    retraining.refresh_from_db()
    assert retraining.status == RetrainingStatus.DONE, retraining.message
    made = retraining.checkpoint
    assert made is not None
    assert (made.version, made.trained_on, made.threshold) == (2, 337, 1.5)
    assert is_sound(made.path, made.sha256)
    assert made.parent is not None
    assert made.parent.version == 1


def test_an_attempt_that_was_overtaken_delivers_nothing(retraining: Retraining) -> None:
    made = services.newest_checkpoint(retraining.run_id)
    assert services.next_attempt(retraining, 3, "went silent")
    assert services.deliver(retraining.pk, 1, made.path, made, 2, {"trained_on": 1}) is None
    assert Checkpoint.objects.filter(run=retraining.run_id).count() == 1
    tasks.retrain(retraining.pk, 1)
    assert Checkpoint.objects.filter(run=retraining.run_id).count() == 1


def test_only_one_retraining_of_a_run_at_a_time(retraining: Retraining) -> None:
    assert services.queue_retraining(retraining.run_id, 100) is None


def test_a_retraining_that_cannot_work_fails_with_its_reason(retraining: Retraining) -> None:
    checkpoint_file(services.newest_checkpoint(retraining.run_id).path).write_bytes(b"damaged")
    tasks.retrain(retraining.pk, 1)
    retraining.refresh_from_db()
    assert retraining.status == RetrainingStatus.FAILED
    assert "copy it again" in retraining.message


@pytest.mark.parametrize(
    ("beat_age", "sent_age", "silent"),
    [(1_000, 90_000, False), (16_000, 90_000, True), (None, 30_000, False), (None, 61_000, True)],
)
def test_silence_is_told_from_waiting(beat_age: int | None, sent_age: int, silent: bool) -> None:
    beat = None if beat_age is None else learning.Beat(1e9 - beat_age, 0.5, "")
    assert learning.is_silent(beat, 1e9 - sent_age, 1e9) is silent


def test_a_worker_that_died_is_replaced_by_a_new_attempt_and_three_are_enough(
    driver: Driver, run: Run, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(learning, "send", lambda retraining: sent.append(retraining.attempt))
    retraining = services.queue_retraining(run.pk, 0)
    assert retraining is not None
    for attempt in (1, 2, 3):
        values = {"at": now_ms() - 20_000, "progress": 0.5, "message": "half way"}
        broker.hset(keys.retraining(retraining.pk, attempt), mapping=values)
        learning.watch(driver.session)
    assert sent == [2, 3]
    assert learning.watch(driver.session).status == "failed"
    driver.tick()
    live = newest_live(run.pk)
    assert live is not None
    assert live["state"]["status"] == "running"
    assert live["state"]["policy"]["retraining"]["status"] == "failed"


def test_new_weights_are_used_from_the_next_step_even_when_the_next_retraining_has_begun(
    driver: Driver, run: Run
) -> None:
    first = services.queue_retraining(run.pk, 50)
    assert first is not None
    made = Checkpoint.objects.create(
        run=run, version=2, path="new", sha256="1" * 64, threshold=9.0, trained_on=400, parent=run.checkpoint
    )
    Retraining.objects.filter(pk=first.pk).update(status=RetrainingStatus.DONE, checkpoint=made)
    services.queue_retraining(run.pk, 100)
    driver.tick()
    run.refresh_from_db()
    assert run.checkpoint == made
    assert driver.session.config.uncertainty_threshold == 1.0
    live = newest_live(run.pk)
    assert live is not None
    assert live["state"]["policy"]["version"] == 2
    assert live["state"]["policy"]["retraining"]["status"] == "queued"


def test_a_worker_answers_with_the_policy_of_the_checkpoint_and_refuses_another(real_run: Run) -> None:
    checkpoint = real_run.checkpoint
    assert checkpoint is not None
    config = SupervisionConfig.from_dict(real_run.config["supervision"])
    observations = np.zeros((4, 64, 64, 3), dtype=np.uint8)
    named = {"path": checkpoint.path, "sha256": checkpoint.sha256}
    asked = request(named, observations, config, SupervisionState.initial(config), [True, True], [], 3)
    answer = tasks.answer(asked)
    assert actions_of(answer).shape == (4, 2)
    assert np.array_equal(actions_of(answer), actions_of(tasks.answer(asked)))
    asked["checkpoint"] = {"path": checkpoint.path, "sha256": "f" * 64}
    refused = tasks.answer(asked)
    assert refused["error"] == "checkpoint"
    assert "expected ffffffffffff" in refused["message"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"task": "juggling"}, "block_push"),
        ({"robots": 0}, "at least 1"),
        ({"robots": 2, "supervisors": 3}, "from 0 to the number of robots"),
        ({"people": 3}, "from 0 to the number of supervisors"),
        ({"pace": 0.0}, "above 0"),
        ({"algorithm": "magic"}, "iifl"),
    ],
)
def test_a_run_that_makes_no_sense_is_refused_with_what_is_valid(
    shipped: Path, wrong: dict[str, Any], words: str
) -> None:
    with pytest.raises(RequestError, match=words):
        create_run(**{"task": "block_push", **wrong})
    assert not Run.objects.exists()


def test_a_damaged_or_missing_shipped_checkpoint_is_named(shipped: Path) -> None:
    shipped.write_bytes(b"\0" * 100)
    with pytest.raises(RequestError, match="is no checkpoint"):
        create_run("block_push")
    shipped.unlink()
    with pytest.raises(RequestError, match="is missing"):
        create_run("block_push")


def test_a_policy_that_cannot_say_how_unsure_it_is_calls_for_hard_resets_alone(shipped: Path) -> None:
    cloning = shipped.with_name("cloning.safetensors")
    save_checkpoint(cloning, ExplicitPolicy(seed=0), uncertainty_threshold=0.0, trained_on=336, data_seed=0)
    assert create_run("block_push").config["supervision"]["priority"] == "uncertainty_constraint"
    assert create_run("block_push", algorithm="ifl").config["supervision"]["priority"] == "constraint"


def test_the_next_start_goes_on_with_the_same_run_and_ends_others(shipped: Path) -> None:
    kind = {"task": "block_push", "supervisors": 2, "people": 1, "pace": 1.0, "seed": 0}
    first = ensure_run(robots=4, **kind)  # type: ignore[arg-type]
    assert ensure_run(robots=4, **kind) == first  # type: ignore[arg-type]
    other = ensure_run(robots=5, **kind)  # type: ignore[arg-type]
    assert other != first
    first.refresh_from_db()
    assert first.status == "ended"


def test_new_shipped_weights_begin_a_new_run_and_leave_the_old_ones_alone(shipped: Path) -> None:
    kind = {"task": "block_push", "robots": 4, "supervisors": 2, "people": 1, "pace": 1.0, "seed": 0}
    first = ensure_run(**kind)  # type: ignore[arg-type]
    save_checkpoint(shipped, ImplicitPolicy(seed=1), uncertainty_threshold=2.5, trained_on=336, data_seed=0)
    second = ensure_run(**kind)  # type: ignore[arg-type]
    assert second != first
    assert second.config["supervision"]["uncertainty_threshold"] == 2.5
    old = Checkpoint.objects.get(run=first)
    assert is_sound(old.path, old.sha256)
