"""Trials that machines share: claimed once, taken over from the silent, tried again, never dropped."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from iifl_server.errors import LeaseLostError, RequestError
from iifl_server.experiments import services, tasks
from iifl_server.experiments.grid import ATTEMPTS, GridError
from iifl_server.experiments.models import SharedTrial, TrialStatus
from iifl_server.experiments.protocol import Size, Trial
from iifl_server.experiments.shared import Everywhere, thinned
from iifl_server.experiments.tasks import run_shared_trial
from iifl_server.experiments.trial import Piece

TINY = Size(
    seeds=1, robots=3, supervisors=1, steps=30, retrain_every=15, calibration=(3, 5), demonstrations=64,
    training=0.02,
)  # fmt: skip
FIRST = Trial("navigation", "iifl", 0, TINY, percentile=50.0)
AFTER = Trial("navigation", "iifl-random", 0, TINY, percentile=50.0)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, settings: Any) -> None:
    settings.DATA = tmp_path / "var"


def shared(*trials: Trial) -> list[SharedTrial]:
    return services.share("night", trials)


def let_fall_silent(row: SharedTrial) -> None:
    past = timezone.now() - timedelta(seconds=services.LEASE_S + 1)
    SharedTrial.objects.filter(pk=row.pk).update(heard_at=past)


def test_a_trial_is_claimed_once_and_again_only_from_who_fell_silent() -> None:
    (row,) = shared(FIRST)
    assert services.claim(row.pk, "a") is not None
    assert services.claim(row.pk, "b") is None
    let_fall_silent(row)
    again = services.claim(row.pk, "b")
    assert again is not None
    assert (again.owner, again.attempts) == ("b", 2)
    assert not services.beat(row.pk, "a", 0.5, "late")  # The first one's lease is gone,
    assert not services.finish(row.pk, "a", {"x": 1}, "")  # and so is what it brings.
    assert services.beat(row.pk, "b", 0.5, "step 3")
    assert services.finish(row.pk, "b", {"x": 2}, "step\n1\n")
    assert services.claim(row.pk, "c") is None
    assert SharedTrial.objects.get(pk=row.pk).result == {"x": 2}


def test_a_trial_that_silences_every_worker_fails_in_the_end() -> None:
    (row,) = shared(FIRST)
    for number in range(services.MOST_CLAIMS):
        assert services.claim(row.pk, f"worker {number}") is not None
        let_fall_silent(row)
    assert services.claim(row.pk, "one more") is None
    row = SharedTrial.objects.get(pk=row.pk)
    assert row.status == TrialStatus.FAILED
    assert "fell silent" in row.message


def test_what_follows_waits_and_sharing_twice_keeps_what_is_done() -> None:
    first, after = shared(FIRST, AFTER)
    assert services.claim(after.pk, "a") is None
    services.claim(first.pk, "a")
    services.finish(first.pk, "a", {"teleoperation_actions": 7}, "")
    assert services.followed_result(after) == {"teleoperation_actions": 7}
    again = shared(FIRST, AFTER)
    assert [row.status for row in again] == [TrialStatus.DONE, TrialStatus.WAITING]
    with pytest.raises(RequestError, match="already has another trial iifl-0"):
        shared(Trial("navigation", "iifl", 0, TINY, percentile=60.0))


def test_a_failure_is_tried_again_and_then_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from iifl_server.experiments import trial

    def broken(*_: Any) -> Any:
        raise OSError("disk full")

    monkeypatch.setattr(trial, "run_trial", broken)
    (row,) = shared(FIRST)
    for attempt in range(1, ATTEMPTS + 1):
        run_shared_trial(row.pk)
        row = SharedTrial.objects.get(pk=row.pk)
        assert row.attempts == attempt
    assert row.status == TrialStatus.FAILED
    assert row.message == "OSError: disk full"
    assert shared(FIRST)[0].status == TrialStatus.WAITING  # Whoever asks again wants it tried again.


def test_a_worker_that_ends_frees_its_trial_and_one_that_lost_it_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from iifl_server.experiments import trial

    def ended(*_: Any) -> Any:
        raise KeyboardInterrupt

    (row,) = shared(FIRST)
    monkeypatch.setattr(trial, "run_trial", ended)
    with pytest.raises(KeyboardInterrupt):
        run_shared_trial(row.pk)
    row = SharedTrial.objects.get(pk=row.pk)
    assert (row.status, row.attempts) == (TrialStatus.WAITING, 0)

    monkeypatch.setattr(tasks, "BEAT_S", 0.01)
    stopped = []

    def taken_over(given: Trial, out: Path, report: Any, followed: Any) -> Any:
        SharedTrial.objects.filter(pk=row.pk).update(owner="another")
        try:
            while True:
                report(0.1, "on and on")
        except LeaseLostError:
            stopped.append(True)
            raise

    monkeypatch.setattr(trial, "run_trial", taken_over)
    run_shared_trial(row.pk)
    assert stopped
    row = SharedTrial.objects.get(pk=row.pk)
    assert (row.status, row.owner) == (TrialStatus.RUNNING, "another")


@pytest.mark.slow(8)
def test_who_asks_gets_results_and_curves_wherever_they_were_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered: list[int] = []

    def at_once_and_twice(arguments: tuple[int], **_: Any) -> None:
        """A broker that delivers every task twice."""
        delivered.append(arguments[0])
        run_shared_trial(arguments[0])
        run_shared_trial(arguments[0])

    monkeypatch.setattr(run_shared_trial, "apply_async", at_once_and_twice)
    pieces = [Piece(AFTER, str(tmp_path / "out")), Piece(FIRST, str(tmp_path / "out"))]
    said: list[float] = []
    results = Everywhere("night", poll_s=0.0)(pieces, lambda done, text: said.append(done))
    assert set(results) == {"iifl-0", "iifl-random-0"}
    assert said[-1] == 1.0
    assert len(delivered) == 2
    assert {row.attempts for row in SharedTrial.objects.all()} == {1}
    budget = results["iifl-0"]["teleoperation_actions"]
    assert results["iifl-random-0"]["teleoperation_actions"] <= budget + 5
    curve = (tmp_path / "out" / "trials" / "iifl-0" / "metrics.csv").read_text().splitlines()
    assert len(curve) == 31
    delivered.clear()
    assert Everywhere("night", poll_s=0.0)(pieces, lambda *_: None) == results
    assert delivered == []


def test_failures_are_told_at_the_end_with_those_that_waited_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from iifl_server.experiments import shared as module
    from iifl_server.experiments import trial

    def broken(*_: Any) -> Any:
        raise OSError("disk full")

    monkeypatch.setattr(trial, "run_trial", broken)
    monkeypatch.setattr(module, "SEND_AGAIN_S", 0.0)
    monkeypatch.setattr(run_shared_trial, "apply_async", lambda arguments, **_: run_shared_trial(*arguments))
    pieces = [Piece(AFTER, str(tmp_path)), Piece(FIRST, str(tmp_path))]
    with pytest.raises(GridError, match="2 of 2 failed") as told:
        Everywhere("night", poll_s=0.0)(pieces, lambda *_: None)
    assert "iifl-0: OSError: disk full" in str(told.value)
    assert "iifl-random-0: what it follows failed" in str(told.value)


def test_a_long_curve_is_thinned_with_its_ends_kept(tmp_path: Path) -> None:
    rows = "\n".join(f"{step},{step * 2}" for step in range(10_000))
    (tmp_path / "metrics.csv").write_text(f"step,x\n{rows}\n")
    found = thinned(tmp_path).splitlines()
    assert len(found) == 251
    assert (found[0], found[1], found[-1]) == ("step,x", "0,0", "9999,19998")
