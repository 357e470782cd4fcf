"""A run whose robots are no simulation: motions take time, robots go away, hands put them right."""

import math
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from iifl_server.accounts.models import AuditLog, Person, Role
from iifl_server.errors import NotAllowedError
from iifl_server.fleets.models import Intervention, InterventionStatus, Motion, MotionStatus, Run, RunStatus
from iifl_server.fleets.runner import real_floor
from iifl_server.fleets.runner import session as sessions
from iifl_server.fleets.runner.driver import Driver
from iifl_server.fleets.runner.stepping import another_way
from iifl_server.fleets.services import start_run, stop_run
from iifl_server.live.announcements import newest_live
from iifl_server.live.clock import now_ms
from iifl_server.live.commands import submit
from iifl_server.live.presence import touch
from iifl_server.live.protocol import Command
from robots.fleet import FleetError
from robots.pretend import PretendClock, PretendFleet
from robots.registry import make_fleet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock() -> PretendClock:
    return PretendClock()


@pytest.fixture
def arms(clock: PretendClock) -> PretendFleet:
    """Four cubes that are pushed for two seconds each."""
    return PretendFleet(make_fleet("block_push", 4, 0), motion_s=2.0, clock=clock)


@pytest.fixture
def driver(
    arms: PretendFleet, make_driver: Callable[[], Driver], run: Run, monkeypatch: pytest.MonkeyPatch
) -> Driver:
    monkeypatch.setattr(sessions, "make_body", lambda _: arms)
    run.config["supervision"]["by_motion"] = True
    run.save()
    return make_driver()


@pytest.fixture
def tom(db: None) -> Person:
    """A technician."""
    return Person.objects.create_user("tom", password="secret-of-tom", role=Role.TECHNICIAN)


def live(run: Run) -> dict[str, Any]:
    found = newest_live(run.pk)
    assert found is not None
    return found


def beside(kind: str, robot: int, said: str | None = None) -> Command:
    return Command(kind, uuid4(), robot, "", now_ms() + 3000, said=said)


def see(driver: Driver, robot: int) -> int:
    """A person's page draws this robot's newest picture."""
    session = driver.session
    shot = session.fleet.frames([robot])[0]
    return session.sights.seen(robot, shot.anchor, shot.reach)


def push(driver: Driver, robot: int) -> Command:
    frame, lease = see(driver, robot), driver.session.leases[robot]
    seen = driver.session.sights.find(robot, frame)
    assert seen is not None
    assert seen.anchor is not None
    x, y = seen.anchor[0] + 0.02, seen.anchor[1]
    return Command("teleoperation", uuid4(), robot, lease.token, now_ms() + 3000, frame=frame, x=x, y=y)


def test_a_motion_is_written_down_before_it_begins_and_counted_when_it_ended(
    driver: Driver, arms: PretendFleet, clock: PretendClock, run: Run
) -> None:
    written: list[int] = []
    begin = arms.begin

    def noted(motions: Any) -> None:
        written.append(Motion.objects.filter(status=MotionStatus.BEGUN).count())
        begin(motions)

    arms.begin = noted  # type: ignore[method-assign]
    driver.tick()
    assert written == [4]
    assert {one.author for one in Motion.objects.all()} == {"policy version 1"}
    assert arms.carried_out == []
    assert driver.session.state.totals.idle_robot_steps == 0
    driver.tick()
    driver.tick()
    assert written == [4]  # In motion they are neither asked nor ordered.
    assert [one["presence"] for one in live(run)["state"]["robots"]] == ["moving"] * 4
    clock.sleep(2.0)
    driver.tick()  # Ends are taken in; whoever landed is asked in the next one.
    assert len(arms.carried_out) == 4
    assert set(Motion.objects.values_list("status", flat=True)) == {MotionStatus.DONE}
    driver.tick()
    assert written == [4, 4]
    assert Motion.objects.count() == 8


def test_one_slow_robot_delays_nobody(driver: Driver, arms: PretendFleet, clock: PretendClock) -> None:
    driver.tick()
    arms.lose_end(2)
    for _ in range(3):
        clock.sleep(2.0)
        driver.tick()
        driver.tick()
    moved = [motion.robot for motion in arms.carried_out]
    assert moved.count(0) == moved.count(1) == moved.count(3) == 3
    clock.sleep(10.0)
    driver.tick()
    assert Motion.objects.get(status=MotionStatus.UNKNOWN).robot == 2
    ids = [motion.id for motion in arms.carried_out]
    assert len(ids) == len(set(ids))


def test_a_robot_that_is_away_is_shown_with_its_reason_and_takes_nobodys_time(
    driver: Driver, arms: PretendFleet, policy: Any, ana: Person, run: Run
) -> None:
    policy.unsure = (1,)
    arms.send_away(1, "Its cable is out; put it back in.")
    touch(run.pk, ana.pk, "ana", now_ms())
    driver.tick()
    shown = live(run)["state"]["robots"][1]
    assert (shown["presence"], shown["reason"]) == ("away", "Its cable is out; put it back in.")
    assert driver.session.leases == {}
    assert Motion.objects.filter(robot=1).count() == 0
    assert Motion.objects.count() == 3
    arms.bring_back(1)
    driver.tick()
    driver.tick()
    assert driver.session.leases[1].person == ana.pk


def test_a_push_is_done_when_its_motion_has_ended_and_one_on_a_moving_robot_is_late(
    driver: Driver, arms: PretendFleet, clock: PretendClock, policy: Any, ana: Person, run: Run
) -> None:
    policy.unsure = (1,)
    touch(run.pk, ana.pk, "ana", now_ms())
    driver.tick()
    command = push(driver, 1)
    assert submit(run.pk, ana.pk, command)["status"] == "accepted"
    driver.tick()
    assert Motion.objects.get(robot=1).person == ana
    row = Intervention.objects.get(command_id=command.command)
    assert row.status == InterventionStatus.PENDING
    again = push(driver, 1)
    submit(run.pk, ana.pk, again)
    driver.tick()
    late = Intervention.objects.get(command_id=again.command)
    assert (late.status, late.reason) == (InterventionStatus.LATE, "The robot is still moving.")
    clock.sleep(2.0)
    driver.tick()
    row.refresh_from_db()
    assert row.status == InterventionStatus.EXECUTED
    assert row.in_dataset
    assert row.observation
    assert sum(motion.robot == 1 for motion in arms.carried_out) == 1


def test_a_picture_from_before_the_motion_ended_takes_no_push(driver: Driver) -> None:
    sights = driver.session.sights
    sights.moved(1, at=100.0)
    old = sights.find(1, sights.seen(1, (0.5, 0.5), 0.1, captured_at=99.0))
    new = sights.find(1, sights.seen(1, (0.5, 0.5), 0.1, captured_at=101.0))
    assert old is not None
    assert new is not None
    assert not sights.is_current(1, old)
    assert sights.is_current(1, new)


def test_a_stop_cuts_what_moves_and_who_pushed_is_told(
    driver: Driver, arms: PretendFleet, clock: PretendClock, policy: Any, ana: Person, run: Run
) -> None:
    policy.unsure = (1,)
    touch(run.pk, ana.pk, "ana", now_ms())
    driver.tick()
    command = push(driver, 1)
    submit(run.pk, ana.pk, command)
    driver.tick()
    Run.objects.filter(pk=run.pk).update(status=RunStatus.STOPPED, status_reason="ben stopped the fleet.")
    driver.tick()
    assert {motion.robot: motion.status for motion in Motion.objects.all()}[1] == MotionStatus.CUT
    row = Intervention.objects.get(command_id=command.command)
    assert row.status == InterventionStatus.REFUSED
    assert "stopped on its way" in row.reason
    clock.sleep(5.0)
    driver.tick()
    assert arms.carried_out == []
    Run.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING, status_reason="")
    driver.tick()
    driver.tick()
    assert Motion.objects.filter(status=MotionStatus.BEGUN).count() == 3
    assert not row.in_dataset


def test_motors_are_cut_where_somebody_asks_for_it_also_after_a_stop(
    driver: Driver, arms: PretendFleet, monkeypatch: pytest.MonkeyPatch, ana: Person, run: Run
) -> None:
    heard: list[tuple[str, bool]] = []
    stop = arms.stop

    def noted(reason: str, robots: Any = None, *, motors_off: bool = False) -> None:
        heard.append((reason, motors_off))
        stop(reason, robots, motors_off=motors_off)

    monkeypatch.setattr(arms, "stop", noted)
    driver.tick()
    stop_run(run.pk, ana.pk)
    driver.tick()
    stop_run(run.pk, ana.pk, motors_off=True)
    driver.tick()
    driver.tick()
    assert heard == [
        ("ana stopped the fleet.", False),
        ("ana stopped the fleet and cut the motors.", True),
    ]


def test_each_motion_is_in_the_audit_log_with_who_ordered_it(driver: Driver) -> None:
    driver.tick()
    entries = AuditLog.objects.filter(action="motion")
    assert {entry.name for entry in entries} == {"policy version 1"}
    assert {entry.detail["motion"] for entry in entries} == {str(one.pk) for one in Motion.objects.all()}


def violate(driver: Driver, arms: PretendFleet, clock: PretendClock, robot: int) -> None:
    arms.doubt(robot, 1.0, violation=True)
    driver.tick()
    clock.sleep(2.0)
    driver.tick()


def test_hands_put_a_robot_right_and_the_camera_must_agree(
    driver: Driver, arms: PretendFleet, clock: PretendClock, ana: Person, tom: Person, run: Run
) -> None:
    assert Run.objects.get(pk=run.pk).by_hand
    touch(run.pk, ana.pk, "ana", now_ms())
    violate(driver, arms, clock, 3)
    driver.tick()
    assert driver.session.state.violated[3]
    assert driver.session.leases == {}  # Nobody at a desk can do this.
    refused = submit(run.pk, ana.pk, beside("put_right", 3))
    assert "does not work at robots" in refused["reason"]
    early = beside("put_right", 3)
    assert submit(run.pk, tom.pk, early)["status"] == "accepted"
    clock.sleep(2.0)
    driver.tick()
    row = Intervention.objects.get(command_id=early.command)
    assert row.status == InterventionStatus.REFUSED
    assert "camera does not see" in row.reason
    assert driver.session.state.violated[3]
    arms.put_right(3)
    done = beside("put_right", 3)
    submit(run.pk, tom.pk, done)
    clock.sleep(2.0)
    driver.tick()
    assert Intervention.objects.get(command_id=done.command).status == InterventionStatus.EXECUTED
    assert not driver.session.state.violated[3]
    assert driver.session.state.totals.hard_resets == 1


def test_a_person_is_asked_what_a_doubtful_motion_came_to_and_the_answer_counts(
    driver: Driver, arms: PretendFleet, clock: PretendClock, ana: Person, run: Run
) -> None:
    touch(run.pk, ana.pk, "ana", now_ms())
    arms.doubt(2, 0.3)
    driver.tick()
    clock.sleep(2.0)
    driver.tick()
    driver.tick()
    lease = driver.session.leases[2]
    assert lease.kind == "verdict"
    assert live(run)["state"]["robots"][2]["asks"]
    assert Motion.objects.filter(robot=2).count() == 1  # It moves no further.
    said = Command("verdict", uuid4(), 2, lease.token, now_ms() + 3000, said="reached")
    assert submit(run.pk, ana.pk, said)["status"] == "accepted"
    before = driver.session.state.totals.successes
    driver.tick()
    row = Intervention.objects.get(command_id=said.command)
    assert (row.status, row.mode) == (InterventionStatus.EXECUTED, "reached")
    assert Motion.objects.get(robot=2).verdict == "reached"
    assert driver.session.state.totals.successes == before + 1
    driver.tick()
    assert 2 not in driver.session.leases  # Who came only to answer is free again.


def test_a_robot_is_taken_out_at_its_side_at_once_and_given_back(
    driver: Driver, arms: PretendFleet, clock: PretendClock, tom: Person, run: Run
) -> None:
    driver.tick()
    out = beside("set_aside", 0, "aside")
    assert submit(run.pk, tom.pk, out)["status"] == "accepted"
    driver.tick()
    assert Motion.objects.get(robot=0).status == MotionStatus.CUT
    driver.tick()
    shown = live(run)["state"]["robots"][0]
    assert shown["presence"] == "away"
    assert shown["reason"].startswith("tom has taken it out")
    back = beside("set_aside", 0, "back")
    submit(run.pk, tom.pk, back)
    driver.tick()
    clock.sleep(2.0)
    driver.tick()
    driver.tick()
    assert Intervention.objects.filter(status=InterventionStatus.EXECUTED, person=tom).count() == 2
    assert Motion.objects.filter(robot=0, status=MotionStatus.BEGUN).count() == 1


def test_after_a_restart_robots_are_looked_at_and_no_motion_is_repeated(
    driver: Driver,
    arms: PretendFleet,
    clock: PretendClock,
    make_driver: Callable[[], Driver],
    policy: Any,
    ana: Person,
    run: Run,
) -> None:
    policy.unsure = (1,)
    touch(run.pk, ana.pk, "ana", now_ms())
    for _ in range(3):
        driver.tick()
        clock.sleep(2.0)
    driver.tick()
    command = push(driver, 1)
    submit(run.pk, ana.pk, command)
    driver.tick()
    totals, carried_out = driver.session.state.totals, len(arms.carried_out)
    second = make_driver()  # The first one is gone while robots move.
    assert second.session.state.totals == totals
    assert Motion.objects.filter(status=MotionStatus.BEGUN).count() == 0
    unseen = Motion.objects.filter(status=MotionStatus.UNKNOWN)
    assert {motion.robot for motion in unseen} >= {1}
    assert all("nobody saw the end" in motion.detail for motion in unseen)
    assert Intervention.objects.get(command_id=command.command).status == InterventionStatus.UNKNOWN
    second.tick()
    assert Motion.objects.filter(status=MotionStatus.BEGUN).count() == 0  # They still move.
    clock.sleep(2.0)
    second.tick()
    second.tick()
    ids = [motion.id for motion in arms.carried_out]
    assert len(ids) == len(set(ids)) > carried_out


def test_motions_that_the_fleet_refuses_move_nothing_and_are_told(
    driver: Driver, arms: PretendFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(motions: Any) -> None:
        raise FleetError("the action of robot 0 is not finite")

    monkeypatch.setattr(arms, "begin", refuse)
    monkeypatch.setattr(real_floor, "REST_S", 0.0)
    driver.tick()
    assert set(Motion.objects.values_list("status", flat=True)) == {MotionStatus.REFUSED}
    assert np.count_nonzero(driver.session.state.violated) == 0
    assert np.count_nonzero(driver.session.state.supervisor >= 0) == 0
    for _ in range(4):
        driver.tick()  # Whatever the policy orders comes to nothing: somebody is called.
    assert np.count_nonzero(driver.session.state.supervisor >= 0) == 2


def test_an_algorithm_that_is_refused_tries_to_the_sides() -> None:
    wanted = np.array([0.6, 0.0], dtype=np.float32)
    tried = [another_way(wanted, refused) for refused in range(6)]
    assert np.array_equal(tried[0], wanted)
    degrees = [round(math.degrees(math.atan2(y, x))) for x, y in tried]
    assert degrees == [0, -45, 45, -90, 90, -135]


def test_a_simulation_has_nobody_at_its_side(
    make_driver: Callable[[], Driver], tom: Person, run: Run, broker: Any
) -> None:
    driver = make_driver()
    driver.tick()
    command = beside("set_aside", 0, "aside")
    submit(run.pk, tom.pk, command)
    driver.tick()
    row = Intervention.objects.get(command_id=command.command)
    assert row.status == InterventionStatus.REFUSED
    assert "simulation" in row.reason


def test_only_an_administrator_lets_real_robots_go_on(
    driver: Driver, ana: Person, tom: Person, run: Run
) -> None:
    stop_run(run.pk, tom.pk)
    for person in (ana, tom):
        with pytest.raises(NotAllowedError, match="an administrator lets them go on"):
            start_run(run.pk, person.pk)
    ada = Person.objects.create_user("ada", password="secret-of-ada", role=Role.ADMINISTRATOR)
    start_run(run.pk, ada.pk)
    assert Run.objects.get(pk=run.pk).status == RunStatus.RUNNING
