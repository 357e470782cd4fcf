"""A run driven step by step against a real broker and database."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from iifl_server.accounts.models import Person
from iifl_server.errors import LeaseLostError, NoAnswerError
from iifl_server.fleets.models import (
    Assignment,
    Intervention,
    InterventionStatus,
    Run,
    RunSnapshot,
    RunStatus,
    RunStep,
)
from iifl_server.fleets.runner.driver import Driver, EndedError
from iifl_server.fleets.runner.lease import claim_run
from iifl_server.fleets.runner.process import drive
from iifl_server.fleets.runner.session import open_session
from iifl_server.learning.deciding import decide
from iifl_server.learning.observations import decode_observation
from iifl_server.live.announcements import newest_live
from iifl_server.live.clock import now_ms
from iifl_server.live.commands import submit
from iifl_server.live.presence import touch
from iifl_server.live.protocol import Command

pytestmark = pytest.mark.django_db(transaction=True)


def test_algorithms_help_robots_that_call_and_every_step_is_kept(driver: Driver, policy: Any) -> None:
    policy.unsure = (2,)
    for _ in range(5):
        driver.tick()
    run = Run.objects.get()
    assert run.step == 5
    assert RunStep.objects.count() == 5
    assert RunSnapshot.objects.count() == 2
    pushes = Intervention.objects.filter(status=InterventionStatus.EXECUTED, person=None, robot=2)
    assert pushes.count() == 5
    assert all(push.in_dataset and np.abs(push.action).max() <= 1 for push in pushes)
    assert decode_observation(bytes(pushes[0].observation or b"")).shape == (64, 64, 3)
    assert Assignment.objects.get(robot=2).ended_step is None
    live = newest_live(run.pk)
    assert live is not None
    assert live["state"]["robots"][2]["mode"] == "teleoperated"
    assert live["state"]["seats"][0]["kind"] == "algorithm"


def test_a_person_at_a_console_gets_a_seat_a_lease_and_a_robot_that_waits(
    driver: Driver, policy: Any, ana: Person, run: Run
) -> None:
    policy.unsure = (1,)
    touch(run.pk, ana.pk, "ana", now_ms())
    before = driver.session.fleet.poses()[1]  # type: ignore[attr-defined]
    for _ in range(3):
        driver.tick()
    live = newest_live(run.pk)
    assert live is not None
    assert live["seats"][str(ana.pk)] == {"seat": 0, "paused": False}
    assert live["leases"][str(ana.pk)]["robot"] == 1
    assert np.array_equal(driver.session.fleet.poses()[1], before)  # type: ignore[attr-defined]
    assert driver.session.state.totals.idle_robot_steps >= 3


def test_a_push_of_a_person_moves_the_robot_where_the_click_was(
    driver: Driver, policy: Any, ana: Person, run: Run
) -> None:
    command = _assigned_push(driver, policy, ana, run)
    before = driver.session.fleet.poses()[1]  # type: ignore[attr-defined]
    assert submit(run.pk, ana.pk, command)["status"] == "accepted"
    driver.tick()
    row = Intervention.objects.get(command_id=command.command)
    assert row.status == InterventionStatus.EXECUTED, row.reason
    assert row.in_dataset
    moved = driver.session.fleet.poses()[1] - before  # type: ignore[attr-defined]
    assert np.allclose(moved[:2] / 0.06, row.action, atol=0.25)
    assert submit(run.pk, ana.pk, command)["status"] == "executed"
    driver.tick()
    assert Intervention.objects.filter(person=ana).count() == 1


def test_a_click_on_a_frame_from_before_the_robot_moved_is_late(
    driver: Driver, policy: Any, ana: Person, run: Run
) -> None:
    command = _assigned_push(driver, policy, ana, run)
    driver.session.sights.moved(1)
    before = driver.session.fleet.poses()[1]  # type: ignore[attr-defined]
    submit(run.pk, ana.pk, command)
    driver.tick()
    row = Intervention.objects.get(command_id=command.command)
    assert row.status == InterventionStatus.LATE
    assert "moved" in row.reason
    assert np.array_equal(driver.session.fleet.poses()[1], before)  # type: ignore[attr-defined]


def test_a_robot_that_was_handed_back_goes_on_by_itself(
    driver: Driver, policy: Any, ana: Person, run: Run
) -> None:
    push = _assigned_push(driver, policy, ana, run)
    back = Command("hand_back", uuid4(), 1, push.lease, now_ms() + 2000)
    assert submit(run.pk, ana.pk, back)["status"] == "accepted"
    driver.tick()
    driver.tick()
    assert Intervention.objects.get(command_id=back.command).status == InterventionStatus.EXECUTED
    live = newest_live(run.pk)
    assert live is not None
    assert live["state"]["robots"][1]["mode"] == "autonomous"
    assert str(ana.pk) not in live["leases"]


def test_a_hard_reset_waits_for_the_person_and_never_enters_the_dataset(
    driver: Driver, ana: Person, run: Run
) -> None:
    touch(run.pk, ana.pk, "ana", now_ms())
    driver.tick()
    session = driver.session
    violated = session.state.violated.copy()
    violated[3] = True
    object.__setattr__(session.state, "violated", violated)
    for _ in range(7):
        driver.tick()
    lease = session.leases[3]
    assert lease.kind == "hard_reset"
    assert session.state.violated[3]
    confirm = Command("hard_reset", uuid4(), 3, lease.token, now_ms() + 2000, frame=0)
    assert submit(run.pk, ana.pk, confirm)["status"] == "accepted"
    for _ in range(6):
        driver.tick()
    assert not session.state.violated[3]
    row = Intervention.objects.get(command_id=confirm.command)
    assert row.status == InterventionStatus.EXECUTED
    assert not row.in_dataset


def test_a_stop_keeps_every_robot_still_and_refuses_commands(
    driver: Driver, policy: Any, ana: Person, run: Run
) -> None:
    command = _assigned_push(driver, policy, ana, run)
    Run.objects.update(status=RunStatus.STOPPED, status_reason="ana stopped the fleet.")
    before = driver.session.fleet.poses()  # type: ignore[attr-defined]
    driver.tick()
    live = newest_live(run.pk)
    assert live is not None
    assert (live["state"]["status"], live["state"]["status_reason"]) == ("stopped", "ana stopped the fleet.")
    assert submit(run.pk, ana.pk, command)["status"] == "refused"
    assert np.array_equal(driver.session.fleet.poses(), before)  # type: ignore[attr-defined]
    Run.objects.update(status=RunStatus.RUNNING)
    driver.tick()
    assert driver.session.state.step == 2


def test_a_stop_between_decision_and_motion_still_stops(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, policy: Any
) -> None:
    driver.tick()
    before = driver.session.fleet.poses()  # type: ignore[attr-defined]
    claim = driver._inbox.claim

    def stop_then_claim() -> Any:
        Run.objects.update(status=RunStatus.STOPPED)
        return claim()

    monkeypatch.setattr(driver._inbox, "claim", stop_then_claim)
    driver.tick()
    assert np.array_equal(driver.session.fleet.poses(), before)  # type: ignore[attr-defined]


def test_without_an_answer_the_fleet_is_held_and_recovers_by_itself(driver: Driver, run: Run) -> None:
    ask = driver._ask

    def silent(*_: Any) -> Any:
        raise NoAnswerError("No inference worker has answered for 5 s; trying again.")

    driver._ask = silent
    before = driver.session.fleet.poses()  # type: ignore[attr-defined]
    driver.tick()
    live = newest_live(run.pk)
    assert live is not None
    assert live["state"]["status"] == "held"
    assert "inference" in live["state"]["status_reason"]
    assert np.array_equal(driver.session.fleet.poses(), before)  # type: ignore[attr-defined]
    driver._ask = ask
    driver.tick()
    assert Run.objects.get().step == 1


def test_a_second_runner_fences_the_first_one_out(driver: Driver, make_driver: Callable[[], Driver]) -> None:
    driver.tick()
    second = make_driver()
    before = driver.session.fleet.poses()  # type: ignore[attr-defined]
    with pytest.raises(LeaseLostError):
        driver.tick()
    assert np.array_equal(driver.session.fleet.poses(), before)  # type: ignore[attr-defined]
    second.tick()
    assert Run.objects.get().step == 2


def test_a_new_runner_goes_on_bit_for_bit_from_the_last_step(
    driver: Driver, make_driver: Callable[[], Driver], policy: Any
) -> None:
    policy.unsure = (0, 3)
    for _ in range(3):
        driver.tick()
    first = driver.session
    second = make_driver().session
    assert second.state.to_dict() == first.state.to_dict()
    assert second.seats == first.seats
    for name, array in first.fleet.snapshot().items():
        assert np.array_equal(second.fleet.snapshot()[name], array), name
    robots = [0, 3]
    for before, after in zip(first.supervisors, second.supervisors, strict=True):
        assert np.array_equal(before.actions(first.fleet, robots), after.actions(second.fleet, robots))


def test_commands_under_way_when_a_runner_died_are_unknown_and_never_replayed(
    driver: Driver, make_driver: Callable[[], Driver], policy: Any, ana: Person, run: Run
) -> None:
    command = _assigned_push(driver, policy, ana, run)
    submit(run.pk, ana.pk, command)
    second = make_driver()
    before = second.session.fleet.poses()[1]  # type: ignore[attr-defined]
    row = Intervention.objects.get(command_id=command.command)
    assert row.status == InterventionStatus.UNKNOWN
    second.tick()
    second.tick()
    assert np.array_equal(second.session.fleet.poses()[1], before)  # type: ignore[attr-defined]
    assert submit(run.pk, ana.pk, command)["status"] == "unknown"


def test_an_ended_run_is_told_and_left(driver: Driver, run: Run) -> None:
    driver.tick()
    Run.objects.update(status=RunStatus.ENDED)
    with pytest.raises(EndedError):
        driver.tick()
    live = newest_live(run.pk)
    assert live is not None
    assert live["state"]["status"] == "ended"


def _assigned_push(driver: Driver, policy: Any, ana: Person, run: Run) -> Command:
    """Robot 1 is ana's; a push of half a reach to the right from where the cube is."""
    policy.unsure = (1,)
    touch(run.pk, ana.pk, "ana", now_ms())
    driver.tick()
    session = driver.session
    shot = session.fleet.frames([1])[0]
    assert shot.anchor is not None
    frame = session.sights.seen(1, shot.anchor, shot.reach)
    x = min(shot.anchor[0] + shot.reach / 2, 1.0)
    return Command(
        "teleoperation", uuid4(), 1, session.leases[1].token, now_ms() + 2000, frame, x, shot.anchor[1]
    )


def test_a_crash_between_motion_and_commit_keeps_nothing_of_the_step_and_asks_the_person_again(
    driver: Driver,
    make_driver: Callable[[], Driver],
    policy: Any,
    ana: Person,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = _assigned_push(driver, policy, ana, run)
    submit(run.pk, ana.pk, command)

    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as broken:
        broken.setattr("iifl_server.fleets.runner.stepping.record_step", crash)
        with pytest.raises(RuntimeError):
            driver.tick()
    second = make_driver()
    assert Intervention.objects.get(command_id=command.command).status == InterventionStatus.UNKNOWN
    assert (second.session.state.step, RunStep.objects.count()) == (1, 1)
    second.tick()
    assert RunStep.objects.count() == 2


def test_a_runner_that_is_told_to_leave_gives_its_lease_back(run: Run, broker: Any, policy: Any) -> None:
    leaving = threading.Event()
    claimed = claim_run("test")
    assert claimed is not None

    def ask(asked: dict[str, Any], meanwhile: Any) -> dict[str, Any]:
        if asked["state"]["step"] == 3:
            leaving.set()
        return decide(policy, asked)

    worker = threading.Thread(target=drive, args=(claimed, leaving, ask))
    worker.start()
    worker.join(10)
    assert not worker.is_alive()
    run.refresh_from_db()
    assert (run.step, run.runner_owner) == (3, "")
    again = claim_run("another")
    assert again is not None
    assert open_session(again).state.step == 3
