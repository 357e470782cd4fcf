"""Rights that end while somebody is at work: sockets close with a reason, seats are free, fleets go on."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.sessions.models import Session
from django.test import Client

from iifl_server.accounts.models import Person, Role
from iifl_server.asgi import application
from iifl_server.fleets.models import Assignment, Intervention, Run
from iifl_server.fleets.runner import lease
from iifl_server.fleets.runner.driver import Driver
from iifl_server.live.clock import now_ms
from iifl_server.live.consumers import LOOK_AGAIN_MS
from iifl_server.live.presence import read_presence, touch

pytestmark = pytest.mark.django_db(transaction=True)


async def at_console(person: Person) -> WebsocketCommunicator:
    client = Client()
    await sync_to_async(client.force_login)(person)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    headers = [(b"origin", b"http://localhost"), (b"host", b"localhost"), (b"cookie", cookie.encode())]
    socket = WebsocketCommunicator(application, "/ws/live/", headers=headers)
    await socket.connect()
    await socket.send_to(json.dumps({"type": "hello", "protocol": 1, "page": "console", "run": None}))
    while json.loads(await socket.receive_from(timeout=5))["type"] != "seat":
        pass
    return socket


async def told(socket: WebsocketCommunicator) -> tuple[str, int]:
    """The reason and the code that a socket is closed with."""
    reason = ""
    for _ in range(50):
        output = await socket.receive_output(timeout=5)
        if output["type"] == "websocket.close":
            return reason, output["code"]
        message = json.loads(output["text"])
        reason = message["message"] if message["type"] == "error" else reason
    raise AssertionError("it was not closed")


def deactivated(person: Person) -> None:
    person.is_active = False
    person.save()


def with_another_password(person: Person) -> None:
    person.set_password("another-secret")
    person.save()


def removed(person: Person) -> None:
    Person.objects.get(pk=person.pk).delete()


@pytest.mark.parametrize(
    ("change", "word"),
    [(deactivated, "not active"), (with_another_password, "password"), (removed, "not active")],
)
async def test_a_page_closes_with_a_reason_as_soon_as_its_person_may_not_be_there(
    broker: Any, run: Run, ana: Person, change: Callable[[Person], None], word: str
) -> None:
    socket = await at_console(ana)
    assert len(await sync_to_async(read_presence)(run.pk)) == 1
    await sync_to_async(change)(ana)
    reason, code = await told(socket)
    assert word in reason
    assert code == 4401
    assert await sync_to_async(read_presence)(run.pk) == []


async def test_a_session_that_ended_closes_its_page_at_the_next_beat(
    broker: Any, run: Run, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = await at_console(ana)
    await sync_to_async(Session.objects.all().delete)()
    later = now_ms() + LOOK_AGAIN_MS + 1
    monkeypatch.setattr("iifl_server.live.consumers.now_ms", lambda: later)
    await socket.send_to(json.dumps({"type": "ping", "sent_at": 1.0}))
    reason, code = await told(socket)
    assert "session has ended" in reason
    assert code == 4401


async def test_who_is_no_supervisor_any_more_loses_the_seat_and_stays_to_watch(
    broker: Any, run: Run, ana: Person
) -> None:
    socket = await at_console(ana)
    ana.role = Role.VIEWER
    await sync_to_async(ana.save)()
    await socket.send_to(json.dumps({"type": "ping", "sent_at": 1.0}))
    while json.loads(await socket.receive_from(timeout=5))["type"] != "pong":
        pass
    for _ in range(50):
        if not await sync_to_async(read_presence)(run.pk):
            break
        await socket.send_to(json.dumps({"type": "ping", "sent_at": 1.0}))
        await socket.receive_from(timeout=5)
    assert await sync_to_async(read_presence)(run.pk) == []
    await socket.disconnect()


@pytest.mark.parametrize("change", [deactivated, removed])
def test_the_fleet_goes_on_when_who_holds_a_robot_is_gone(
    driver: Driver, policy: Any, run: Run, ana: Person, change: Callable[[Person], None]
) -> None:
    policy.unsure = (1,)
    touch(run.pk, ana.pk, "ana", now_ms())
    driver.tick()
    driver.tick()
    assert driver.session.leases[1].person == ana.pk
    work = Intervention.objects.create(
        run=run, robot=1, person=ana, supervisor_name="ana", kind="teleoperation"
    )
    change(ana)
    step = driver.session.state.step
    for _ in range(3):
        driver.tick()
    assert driver.session.state.step == step + 3
    assert driver.session.leases == {}
    work.refresh_from_db()
    assert work.supervisor_name == "ana"


def test_a_person_who_goes_in_the_middle_of_a_step_costs_no_step(
    driver: Driver, policy: Any, run: Run, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy.unsure = (1,)
    touch(run.pk, ana.pk, "ana", now_ms())
    claim = driver._inbox.claim

    def gone_then_claim() -> Any:
        Person.objects.filter(pk=ana.pk).delete()
        return claim()

    monkeypatch.setattr(driver._inbox, "claim", gone_then_claim)
    driver.tick()
    assert driver.session.state.step == 1
    assert Assignment.objects.get(robot=1).person is None


def test_a_runner_in_another_container_of_this_name_is_not_taken_for_dead(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    mine = lease.owner_name()
    machine, pid, created = mine.split("/")
    assert not lease._died_here(mine)
    assert lease._died_here(f"{machine}/{pid}/1.00")  # The id is in use again by somebody else.
    other = tmp_path / "pid"
    other.write_text("pid:[4026539999]")
    monkeypatch.setattr(lease, "NAMESPACE", other)
    assert not lease._died_here(f"{machine}/{pid}/1.00")
    assert lease.owner_name().split("/")[0] != machine
    assert created
