"""The live socket through the whole web application: session, origin, roles, limits, seats, frames."""

import json
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client

from iifl_server.accounts.models import AuditLog, Person
from iifl_server.asgi import application
from iifl_server.fleets.models import Intervention, InterventionStatus, Run, RunStatus
from iifl_server.fleets.runner.driver import Driver
from iifl_server.live.clock import now_ms
from iifl_server.live.frames import FrameHeader, pack_frame, publish_frame, unpack_frame, watched_cameras
from iifl_server.live.hub import frame_hub

pytestmark = pytest.mark.django_db(transaction=True)

Page = Callable[..., Any]


@pytest.fixture
async def page(broker: Any) -> AsyncIterator[Page]:
    """Open a socket as a browser that is signed in does."""
    opened: list[WebsocketCommunicator] = []

    async def open_page(person: Person | None, origin: str = "http://localhost") -> WebsocketCommunicator:
        headers = [(b"origin", origin.encode()), (b"host", b"localhost")]
        if person is not None:
            client = Client()
            await sync_to_async(client.force_login)(person)
            headers.append((b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode()))
        socket = WebsocketCommunicator(application, "/ws/live/", headers=headers)
        connected, _ = await socket.connect()
        opened.append(socket)
        return socket if connected else None  # type: ignore[return-value]

    yield open_page
    for socket in opened:
        await socket.disconnect()
    await frame_hub().close()


async def hear(socket: WebsocketCommunicator, kind: str) -> dict[str, Any]:
    """The next message of a type."""
    for _ in range(200):
        message = json.loads(await socket.receive_from(timeout=3))
        if message["type"] == kind:
            return message
    raise AssertionError(f"no {kind} came")


async def say(socket: WebsocketCommunicator, **message: Any) -> None:
    await socket.send_to(json.dumps(message))


async def greet(
    socket: WebsocketCommunicator, page: str = "console", run: int | None = None
) -> dict[str, Any]:
    await say(socket, type="hello", protocol=1, page=page, run=run)
    return await hear(socket, "welcome")


async def test_an_anonymous_socket_is_told_and_closed_with_4401(page: Page) -> None:
    socket = await page(None)
    assert (await hear(socket, "error"))["code"] == "forbidden"
    closed = await socket.receive_output(timeout=3)
    assert closed == {"type": "websocket.close", "code": 4401}


async def test_a_socket_from_another_site_is_refused(page: Page, ana: Person) -> None:
    assert await page(ana, origin="http://evil.example") is None


async def test_hello_names_the_run_the_person_and_the_limits(page: Page, run: Run, ana: Person) -> None:
    welcome = await greet(await page(ana))
    means = {"push": True, "modes": [], "steps": 3}
    kind = {"id": run.pk, "task": "block_push", "robots": 4, "supervisors": 2, "pace": 0.05}
    assert welcome["run"] == {**kind, "means": means, "by_hand": False}
    assert welcome["user"] == {"name": "ana", "role": "supervisor"}
    assert welcome["limits"]["expires_ms"] == 5000


async def test_hello_without_any_run_and_for_an_unknown_one(page: Page, ana: Person) -> None:
    socket = await page(ana)
    await say(socket, type="hello", protocol=1, page="console", run=None)
    assert (await hear(socket, "error"))["code"] == "no_run"
    await say(socket, type="hello", protocol=1, page="console", run=7)
    error = await hear(socket, "error")
    assert error["code"] == "unknown_run"
    assert "7" in error["message"]


async def test_bad_messages_are_answered_and_the_socket_goes_on(page: Page, run: Run, ana: Person) -> None:
    socket = await page(ana)
    codes = []
    for text in ("{", '{"type": "dance"}', json.dumps({"type": "stop", "x": "y" * 5000}), '{"type": "stop"}'):
        await socket.send_to(text)
        codes.append((await hear(socket, "error"))["code"])
    await socket.send_to(bytes_data=b"\x00")
    codes.append((await hear(socket, "error"))["code"])
    assert codes == ["malformed", "unknown_type", "too_large", "no_run", "malformed"]
    await greet(socket)


async def test_more_than_sixty_messages_a_second_are_too_fast_but_acknowledgements_are_free(
    page: Page, run: Run, ana: Person
) -> None:
    socket = await page(ana)
    await greet(socket)
    for _ in range(100):
        await say(socket, type="frame_ack", robot=0, size="full", frame=1)
    for _ in range(61):
        await say(socket, type="ping", sent_at=1)
    assert (await hear(socket, "error"))["code"] == "too_fast"


async def test_a_supervisor_is_seated_pauses_and_comes_back(
    page: Page, driver: Driver, policy: Any, ana: Person
) -> None:
    policy.unsure = (2,)
    socket = await page(ana)
    await greet(socket)
    assert (await hear(socket, "seat"))["seat"] is None
    await sync_to_async(driver.tick)()
    assert (await hear(socket, "state"))["robots"][2]["mode"] == "teleoperated"
    assert (await hear(socket, "seat"))["seat"] == 0
    lease = (await hear(socket, "lease"))["lease"]
    assert (lease["robot"], lease["kind"]) == (2, "teleoperation")
    await say(socket, type="pause", paused=True)
    await say(socket, type="ping", sent_at=1)
    await hear(socket, "pong")
    await sync_to_async(driver.tick)()
    assert (await hear(socket, "seat")) == {"type": "seat", "seat": 0, "paused": True, "reason": ""}
    assert (await hear(socket, "lease"))["lease"] is None


async def test_a_reload_finds_seat_and_lease_again(
    page: Page, driver: Driver, policy: Any, ana: Person
) -> None:
    policy.unsure = (2,)
    socket = await page(ana)
    await greet(socket)
    await hear(socket, "seat")
    await sync_to_async(driver.tick)()
    token = (await hear(socket, "lease"))["lease"]
    while token is None:
        token = (await hear(socket, "lease"))["lease"]
    await socket.disconnect()
    again = await page(ana)
    await greet(again)
    assert (await hear(again, "seat"))["seat"] == 0
    assert (await hear(again, "lease"))["lease"]["token"] == token["token"]


async def test_one_person_never_hears_of_the_lease_of_another(
    page: Page, driver: Driver, policy: Any, ana: Person, ben: Person
) -> None:
    policy.unsure = (2,)
    first, second = await page(ana), await page(ben)
    await greet(first)
    await greet(second)
    await hear(second, "seat")
    await sync_to_async(driver.tick)()
    await hear(second, "state")
    seat = await hear(second, "seat")
    assert seat["seat"] is None
    assert "ana" in seat["reason"]
    await sync_to_async(driver.tick)()
    await hear(second, "state")
    assert await second.receive_nothing(0.2)


async def test_a_push_is_committed_before_it_is_accepted_and_executed_after_the_robot_moved(
    page: Page, driver: Driver, policy: Any, ana: Person, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket, push = await _push(page, driver, policy, ana)
    on_disk_at_submit = []

    from iifl_server.live import commands

    submit = commands.run_script

    def spy(*arguments: Any) -> Any:
        on_disk_at_submit.append(Intervention.objects.get(command_id=push["command"]).status)
        return submit(*arguments)

    monkeypatch.setattr(commands, "run_script", spy)
    await say(socket, **push)
    assert (await hear(socket, "outcome"))["status"] == "accepted"
    assert on_disk_at_submit == [InterventionStatus.PENDING]
    await sync_to_async(driver.tick)()
    outcome = await hear(socket, "outcome")
    assert outcome["status"] == "executed"
    assert outcome["anchor"]
    assert outcome["end"] == pytest.approx([push["x"], push["y"]])
    row = await Intervention.objects.aget(command_id=push["command"])
    assert row.status == InterventionStatus.EXECUTED
    assert row.person_id == ana.pk
    await say(socket, **push)
    assert (await hear(socket, "outcome"))["status"] == "executed"
    assert await Intervention.objects.filter(person=ana).acount() == 1


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"lease": "forged"}, "refused", "not yours"),
        ({"robot": 0}, "refused", "not yours"),
        ({"robot": 9}, "refused", "no robot 9"),
        ({"expires_at": 5.0}, "late", "late"),
        ({"expires_at": 1e14}, "refused", "ahead"),
    ],
)
async def test_pushes_that_never_move_a_robot(
    page: Page,
    driver: Driver,
    policy: Any,
    ana: Person,
    change: dict[str, Any],
    status: str,
    words: str,
) -> None:
    socket, push = await _push(page, driver, policy, ana)
    await say(socket, **{**push, **change})
    outcome = await hear(socket, "outcome")
    assert outcome["status"] == status
    assert words in outcome["reason"]
    before = driver.session.fleet.poses()[2]  # type: ignore[attr-defined]
    await sync_to_async(driver.tick)()
    assert (driver.session.fleet.poses()[2] == before).all()  # type: ignore[attr-defined]


async def test_a_token_in_the_hands_of_somebody_else_is_worth_nothing(
    page: Page, driver: Driver, policy: Any, ana: Person, ben: Person
) -> None:
    _, push = await _push(page, driver, policy, ana)
    thief = await page(ben)
    await greet(thief)
    await say(thief, **push)
    assert (await hear(thief, "outcome"))["status"] == "refused"


async def test_viewers_move_nothing_and_stop_nothing(page: Page, run: Run, vera: Person) -> None:
    socket = await page(vera)
    await greet(socket)
    seat = await hear(socket, "seat")
    assert seat["seat"] is None
    assert "viewer" in seat["reason"]
    push = {"type": "push", "command": str(uuid.uuid4()), "robot": 0, "lease": "x", "frame": 0}
    await say(socket, **push, x=0.5, y=0.5, expires_at=now_ms() + 1000)
    assert (await hear(socket, "outcome"))["status"] == "refused"
    for kind in ("stop", "start"):
        await say(socket, type=kind)
        assert (await hear(socket, "error"))["code"] == "forbidden"
    await say(socket, type="pause", paused=True)
    assert (await hear(socket, "error"))["code"] == "forbidden"
    await run.arefresh_from_db()
    assert run.status == RunStatus.RUNNING


async def test_a_supervisor_stops_and_starts_and_the_audit_log_knows(
    page: Page, driver: Driver, run: Run, ana: Person
) -> None:
    socket = await page(ana)
    await greet(socket)
    await say(socket, type="stop")
    await say(socket, type="ping", sent_at=1)
    await hear(socket, "pong")
    await sync_to_async(driver.tick)()
    state = await hear(socket, "state")
    assert (state["status"], state["status_reason"]) == ("stopped", "ana stopped the fleet.")
    await say(socket, type="start")
    await say(socket, type="ping", sent_at=2)
    await hear(socket, "pong")
    await run.arefresh_from_db()
    assert run.status == RunStatus.RUNNING
    actions = [row.action async for row in AuditLog.objects.filter(person=ana, action__startswith="fleet_")]
    assert sorted(actions) == ["fleet_start", "fleet_stop"]


async def test_a_slow_viewer_has_two_frames_in_flight_and_then_gets_the_newest(
    page: Page, run: Run, ana: Person
) -> None:
    socket = await page(ana)
    await greet(socket, page="fleet")
    await hear(socket, "lease")
    await say(socket, type="watch", cameras=[{"robot": 1, "size": "thumb"}])
    await say(socket, type="ping", sent_at=1)
    await hear(socket, "pong")
    assert watched_cameras(run.pk, now_ms()) == [(1, "thumb")]
    for number in range(1, 8):
        header = FrameHeader("thumb", 1, number, 5, now_ms(), (0.5, 0.5), 0.1)
        publish_frame(run.pk, header, pack_frame(header, b"\xff\xd8\xff\xd9"))
        if number <= 2:
            await _frame(socket)
    assert await socket.receive_nothing(0.3)
    await say(socket, type="frame_ack", robot=1, size="thumb", frame=2)
    assert await _frame(socket) == 7


async def test_signing_out_closes_the_pages(page: Page, run: Run, ana: Person) -> None:
    socket = await page(ana)
    await greet(socket)
    client = Client()
    await sync_to_async(client.force_login)(ana)
    await sync_to_async(client.post)("/sign-out/")
    for _ in range(10):
        message = await socket.receive_output(timeout=3)
        if message["type"] == "websocket.close":
            assert message["code"] == 4401
            return
    raise AssertionError("the page stayed open")


async def _frame(socket: WebsocketCommunicator) -> int:
    message = await socket.receive_from(timeout=3)
    assert isinstance(message, bytes)
    return unpack_frame(message)[0].frame


async def _push(page: Page, driver: Driver, policy: Any, ana: Person) -> tuple[Any, dict[str, Any]]:
    """Robot 2 is ana's, and she is about to push its cube half a reach to the side."""
    policy.unsure = (2,)
    socket = await page(ana)
    await greet(socket)
    await hear(socket, "lease")
    await sync_to_async(driver.tick)()
    lease = (await hear(socket, "lease"))["lease"]
    shot = driver.session.fleet.frames([2])[0]
    assert shot.anchor is not None
    frame = driver.session.sights.seen(2, shot.anchor, shot.reach)
    side = 1 if shot.anchor[0] < 0.5 else -1
    push = {
        "type": "push",
        "command": str(uuid.uuid4()),
        "robot": 2,
        "lease": lease["token"],
        "frame": frame,
        "x": shot.anchor[0] + side * shot.reach / 2,
        "y": shot.anchor[1],
        "expires_at": now_ms() + 2000,
    }
    return socket, push


async def test_a_flood_of_nonsense_is_told_off_once_and_not_answered_one_by_one(
    page: Page, run: Run, ana: Person
) -> None:
    socket = await page(ana)
    await greet(socket)
    for _ in range(200):
        await socket.send_to("{")
    codes = []
    while not await socket.receive_nothing(0.2):
        message = json.loads(await socket.receive_from())
        codes.append(message.get("code"))
    assert codes.count("too_fast") == 1
    assert codes.count("malformed") < 60


async def test_a_way_that_the_task_does_not_offer_is_refused_over_the_socket(
    page: Page, driver: Driver, policy: Any, ana: Person
) -> None:
    policy.unsure = (2,)
    socket = await page(ana)
    await greet(socket)
    await hear(socket, "lease")
    await sync_to_async(driver.tick)()
    lease = (await hear(socket, "lease"))["lease"]
    order = {"robot": 2, "lease": lease["token"], "frame": 0, "expires_at": now_ms() + 2000}
    await say(socket, type="assist", command=str(uuid.uuid4()), mode="clockwise", steps=1, **order)
    outcome = await hear(socket, "outcome")
    assert outcome["status"] == "refused"
    assert "push on the picture" in outcome["reason"]
