"""A data folder may be moved, copied, or be away for a while: nothing that was learned is lost by it."""

import importlib
import shutil
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from iifl_server.errors import RequestError
from iifl_server.fleets.models import Run
from iifl_server.fleets.runner import learning
from iifl_server.fleets.runner.driver import Driver
from iifl_server.learning import services, tasks
from iifl_server.learning.hot import hot_policy
from iifl_server.learning.models import Checkpoint, Retraining, RetrainingStatus
from iifl_server.learning.stored import AwayError, checkpoint_file, file_digest
from iifl_server.live.broker import live_client
from policy import ImplicitPolicy, save_checkpoint
from policy.errors import CheckpointError

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def learned(run: Run, settings: Any, tmp_path: Path, broker: Any) -> Checkpoint:
    """A run in a data folder of its own that has learned one version."""
    settings.DATA = tmp_path / "data"
    settings.SHIPPED = tmp_path / "shipped"
    for version, folder in ((1, settings.SHIPPED / "block_push"), (2, settings.DATA / "checkpoints")):
        name = "policy" if version == 1 else f"run-{run.pk}-v2-a1"
        policy = ImplicitPolicy(seed=version)
        save_checkpoint(folder / f"{name}.safetensors", policy, uncertainty_threshold=1.0, trained_on=336)
    first = run.checkpoint
    assert first is not None
    first.path, shipped = f"checkpoints/run-{run.pk}-v1.safetensors", settings.SHIPPED / "block_push"
    shutil.copy(shipped / "policy.safetensors", checkpoint_file(first.path))
    first.sha256 = file_digest(checkpoint_file(first.path))
    first.save()
    path = f"checkpoints/run-{run.pk}-v2-a1.safetensors"
    made = Checkpoint.objects.create(
        run=run,
        version=2,
        path=path,
        sha256=file_digest(checkpoint_file(path)),
        threshold=1.0,
        trained_on=400,
        parent=first,
    )
    Retraining.objects.create(run=run, from_step=50, status=RetrainingStatus.DONE, checkpoint=made)
    run.checkpoint = made
    run.save()
    return made


@pytest.fixture
def real_driver(learned: Checkpoint, make_driver: Callable[[], Driver], monkeypatch: Any) -> Driver:
    """A driver that is answered as by a worker which has no weights loaded yet."""
    monkeypatch.setattr("iifl_server.learning.hot.KEPT", 0)
    monkeypatch.setattr("iifl_server.learning.hot._models", OrderedDict())
    made = make_driver()
    made._ask = lambda asked, meanwhile: tasks.answer(asked)
    return made


def status(run: Run) -> tuple[str, str]:
    from iifl_server.live.announcements import newest_live

    live = newest_live(run.pk)
    assert live is not None
    return live["state"]["status"], live["state"]["status_reason"]


def test_weights_are_found_wherever_the_data_folder_lies(learned: Checkpoint, settings: Any) -> None:
    moved = settings.DATA.with_name("moved # here %2F")
    settings.DATA.rename(moved)
    with pytest.raises(AwayError, match="cannot be read in"):
        hot_policy(learned.path, learned.sha256)
    settings.DATA = moved
    assert hot_policy(learned.path, learned.sha256) is not None


def test_a_fleet_is_held_while_its_weights_are_away_and_goes_on_with_them(
    real_driver: Driver, learned: Checkpoint, run: Run, settings: Any
) -> None:
    away = settings.DATA.with_name("away")
    real_driver.tick()
    settings.DATA.rename(away)
    for _ in range(3):
        real_driver.tick()
    assert real_driver.session.state.step == 1
    said, reason = status(run)
    assert (said, "Put them back" in reason) == ("held", True)
    assert Retraining.objects.get().status == RetrainingStatus.DONE
    away.rename(settings.DATA)
    real_driver.tick()
    assert (real_driver.session.state.step, real_driver.session.checkpoint.version) == (2, 2)
    assert status(run)[0] == "running"


def test_weights_that_were_cut_are_passed_over_until_they_are_whole(
    real_driver: Driver, learned: Checkpoint, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = checkpoint_file(learned.path)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    real_driver.tick()
    assert status(run)[0] == "held"
    assert "weights before it" in status(run)[1]
    real_driver.tick()
    assert (real_driver.session.state.step, real_driver.session.checkpoint.version) == (1, 1)
    assert Retraining.objects.get().status == RetrainingStatus.DONE
    file.write_bytes(whole)
    monkeypatch.setattr(learning, "LOOK_AGAIN_S", 0.0)
    real_driver.tick()
    assert (real_driver.session.state.step, real_driver.session.checkpoint.version) == (2, 2)


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_first_weights_that_were_lost_come_again_from_what_ships(
    real_driver: Driver, learned: Checkpoint, run: Run, damage: str
) -> None:
    Retraining.objects.all().delete()
    first = learned.parent
    assert first is not None
    file = checkpoint_file(first.path)
    file.unlink() if damage == "gone" else file.write_bytes(file.read_bytes()[:1000])
    real_driver.tick()
    assert "copied again" in status(run)[1]
    real_driver.tick()
    assert real_driver.session.state.step == 1


def test_first_weights_that_are_lost_and_ship_no_more_name_the_mend(
    real_driver: Driver, learned: Checkpoint, run: Run, settings: Any
) -> None:
    Retraining.objects.all().delete()
    first = learned.parent
    assert first is not None
    checkpoint_file(first.path).write_bytes(b"")
    shipped = settings.SHIPPED / "block_push" / "policy.safetensors"
    save_checkpoint(shipped, ImplicitPolicy(seed=7), uncertainty_threshold=1.0, trained_on=336)
    real_driver.tick()
    assert status(run)[0] == "held"
    assert "Put that file back, or start anew" in status(run)[1]


def test_a_retraining_goes_on_from_the_newest_whole_weights(learned: Checkpoint, run: Run) -> None:
    assert services.newest_sound_checkpoint(run.pk) == learned
    checkpoint_file(learned.path).write_bytes(b"cut")
    assert services.newest_sound_checkpoint(run.pk).version == 1
    checkpoint_file(learned.path).unlink()
    with pytest.raises(AwayError):
        services.newest_sound_checkpoint(run.pk)


def test_weights_that_are_lost_for_good_are_given_up_by_hand(
    real_driver: Driver, learned: Checkpoint, run: Run
) -> None:
    checkpoint_file(learned.path).unlink()
    real_driver.tick()
    with pytest.raises(RequestError, match="valid are: 2"):
        services.give_up(run.pk, 3)
    services.give_up(run.pk, 2)
    real_driver.tick()
    assert (real_driver.session.state.step, real_driver.session.checkpoint.version) == (1, 1)


def test_old_rows_get_relative_paths_and_what_an_absence_demoted_is_taken_back(
    learned: Checkpoint, settings: Any
) -> None:
    migration = importlib.import_module("iifl_server.learning.migrations.0002_relative_paths")
    Checkpoint.objects.filter(pk=learned.pk).update(path=f"/somewhere/else/{learned.path}")
    Retraining.objects.update(status=RetrainingStatus.FAILED, message=migration.GIVEN_UP)
    migration.make_relative(apps, None)
    migration.take_back(apps, None)
    learned.refresh_from_db()
    assert learned.path.startswith("checkpoints/run-")
    assert Retraining.objects.get().status == RetrainingStatus.DONE


def test_a_file_of_somebody_else_is_never_loaded(learned: Checkpoint) -> None:
    with pytest.raises(CheckpointError, match="expected ffffffffffff"):
        hot_policy(learned.path, "f" * 64)
    assert live_client().ping()
