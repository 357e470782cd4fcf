"""The technician's page: which robots need hands, and what was heard of what was pressed."""

from typing import Any

import pytest
from basics import faults, focus_is_seen
from fake_server import FakeServer, example
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

HANDS = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 720}
AWAY = "Nothing is heard of its agent; look at its cable."


def robot(number: int, **more: Any) -> dict[str, Any]:
    """A robot on its own."""
    return {**example("state")["robots"][0], "robot": number, **more}


def state(*robots: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Four robots, these among them."""
    changed = {one["robot"]: one for one in robots}
    return {**example("state"), "robots": [changed.get(i, robot(i)) for i in range(4)], **more}


VIOLATED = {"mode": "waiting_reset"}
MIXED = state(robot(1, presence="away", reason=AWAY), robot(2, **VIOLATED), robot(3, presence="moving"))


@pytest.fixture
def station(server: FakeServer, page: Page) -> FakeServer:
    """A phone in the hand of a technician, in a fleet that is put right by hand."""
    page.set_viewport_size({"width": HANDS["width"], "height": HANDS["height"]})
    server.role, server.by_hand = "technician", True
    return server


def begin(server: FakeServer, message: dict[str, Any]) -> None:
    server.open("/station/", message)
    expect(server.page.get_by_test_id("connection-state")).to_contain_text("live")


def settled(page: Page) -> None:
    """After the list has moved, presses count again in a moment."""
    page.wait_for_timeout(500)


def answer(server: FakeServer, kind: str, status: str, reason: str = "") -> None:
    command = server.commands(kind)[-1]
    nowhere = {"anchor": None, "end": None, "clipped": False}
    said = {"command": command["command"], "robot": command["robot"], "status": status, "reason": reason}
    server.say({**example("outcome"), **nowhere, **said})


def test_robots_that_need_hands_stand_first_each_with_its_reason(station: FakeServer, page: Page) -> None:
    begin(station, MIXED)
    expect(page.get_by_test_id("headline")).to_have_text("2 robots need hands")
    cards = page.get_by_test_id("hands").locator("iifl-station-card")
    expect(cards).to_have_count(2)
    expect(cards.nth(0)).to_contain_text("Robot 2Waits for hands")
    expect(cards.nth(1)).to_contain_text(AWAY)
    expect(page.get_by_test_id("put-right-1")).to_be_hidden()
    expect(page.get_by_test_id("give-back-2")).to_be_hidden()
    expect(page).to_have_title("● 2 robots need hands · Station · IIFL")
    cameras = [{"robot": 2, "size": "full"}, {"robot": 1, "size": "full"}]
    assert station.commands("watch")[-1]["cameras"] == cameras
    hello = station.commands("hello")[0]
    assert hello["page"] == "station"


def test_the_picture_says_how_old_it_is(station: FakeServer, page: Page) -> None:
    begin(station, MIXED)
    expect(page.get_by_test_id("age-2")).to_have_text("no picture yet")
    station.show(None, robot=2, old_ms=20_000, where="[data-testid=hands-2] iifl-camera")
    expect(page.get_by_test_id("age-2")).to_contain_text("picture 20.")
    expect(page.locator("[data-testid=hands-2] iifl-camera")).to_have_attribute("data-old", "yes")


def test_put_right_is_done_when_the_camera_has_agreed_and_not_before(station: FakeServer, page: Page) -> None:
    begin(station, MIXED)
    said = page.get_by_test_id("outcome-2")
    page.get_by_test_id("put-right-2").click()
    expect(said).to_contain_text("sent, not answered")
    expect(page.get_by_test_id("put-right-2")).to_be_disabled()
    expect(page.get_by_test_id("take-out-2")).to_be_enabled()
    (sent,) = station.commands("put_right")
    assert sent["robot"] == 2
    assert "lease" not in sent
    answer(station, "put_right", "accepted")
    expect(said).to_contain_text("Waiting for the robot’s camera to agree")
    answer(station, "put_right", "executed")
    expect(said).to_contain_text("The camera agrees")
    station.say(state(robot(1, presence="away", reason=AWAY)))
    expect(page.get_by_test_id("headline")).to_have_text("1 robot needs hands")
    expect(page.get_by_test_id("hands-2")).to_contain_text("On its own")
    expect(page.get_by_test_id("hands-2")).to_have_count(0, timeout=8000)
    expect(page.get_by_test_id("fleet-row-2")).to_have_count(1)


def test_a_camera_that_does_not_agree_is_quoted_until_it_is_tried_again(
    station: FakeServer, page: Page
) -> None:
    begin(station, MIXED)
    page.get_by_test_id("put-right-2").click()
    answer(station, "put_right", "accepted")
    answer(station, "put_right", "refused", "The cube still lies beyond the edge.")
    said = page.get_by_test_id("outcome-2")
    expect(said).to_contain_text("refused. The cube still lies beyond the edge.")
    page.get_by_test_id("put-right-2").click()
    expect(said).to_contain_text("sent, not answered")
    assert len(station.commands("put_right")) == 2


def test_silence_is_unknown_here_too(station: FakeServer, page: Page) -> None:
    begin(station, MIXED)
    page.get_by_test_id("put-right-2").click()
    expect(page.get_by_test_id("outcome-2")).to_contain_text("unknown, no answer", timeout=5000)
    expect(page.get_by_test_id("put-right-2")).to_be_enabled()


def test_a_robot_is_taken_out_at_once_and_given_back_after_a_question(
    station: FakeServer, page: Page
) -> None:
    begin(station, state())
    page.get_by_test_id("others").locator("summary").click()
    page.get_by_test_id("take-out-0").click()
    (out,) = station.commands("set_aside")
    assert (out["robot"], out["aside"]) == (0, True)
    expect(page.get_by_test_id("fleet-row-0")).to_contain_text("sent, not answered")
    answer(station, "set_aside", "accepted")
    station.say(state(robot(0, presence="away", reason="tom has taken it out and works at it.")))
    expect(page.get_by_test_id("hands-0")).to_contain_text("tom has taken it out")
    answer(station, "set_aside", "executed")
    expect(page.get_by_test_id("outcome-0")).to_contain_text("out of the fleet")
    settled(page)
    page.get_by_test_id("give-back-0").click()
    assert len(station.commands("set_aside")) == 1
    page.get_by_test_id("give-back-confirm").click()
    assert station.commands("set_aside")[-1]["aside"] is False
    answer(station, "set_aside", "executed")
    expect(page.get_by_test_id("outcome-0")).to_contain_text("given back")


def test_a_press_on_a_list_that_has_just_moved_is_not_taken(station: FakeServer, page: Page) -> None:
    begin(station, state(robot(1, **VIOLATED), robot(2, **VIOLATED)))
    button = page.get_by_test_id("put-right-2")
    expect(button).to_be_enabled()
    press = "document.querySelector('[data-testid=put-right-2]').click()"
    hands = "document.querySelector('.hands')"
    page.evaluate(f"new MutationObserver(() => {press}).observe({hands}, {{childList: true}})")
    station.say(state(robot(2, **VIOLATED)))
    expect(page.get_by_test_id("notice")).to_contain_text("has just moved")
    assert station.commands("put_right") == []
    settled(page)
    button.click()
    assert len(station.commands("put_right")) == 1


def test_those_that_came_first_stay_first(station: FakeServer, page: Page) -> None:
    begin(station, state(robot(3, **VIOLATED)))
    expect(page.get_by_test_id("hands-3")).to_be_visible()
    station.say(state(robot(3, **VIOLATED), robot(0, **VIOLATED)))
    cards = page.get_by_test_id("hands").locator("iifl-station-card")
    expect(cards).to_have_count(2)
    expect(cards.nth(0)).to_contain_text("Robot 3")


def test_nothing_to_do_is_said_and_never_while_nothing_is_heard(station: FakeServer, page: Page) -> None:
    begin(station, state())
    expect(page.get_by_test_id("headline")).to_have_text("Nothing needs hands")
    expect(page.get_by_test_id("empty")).to_contain_text("calls you")
    page.route_web_socket("**/ws/live/", lambda socket: socket.close())
    station.hang_up()
    expect(page.get_by_test_id("headline")).to_have_text("Not connected")
    expect(page.get_by_test_id("empty")).to_be_hidden()
    expect(page.get_by_test_id("notice")).to_contain_text("nothing that you press reaches a robot")


def test_offline_nothing_can_be_pressed_and_afterwards_the_fate_is_asked(
    station: FakeServer, page: Page
) -> None:
    begin(station, MIXED)
    page.get_by_test_id("put-right-2").click()
    station.hang_up()
    expect(page.get_by_test_id("headline")).to_have_text("Last heard: 2 robots need hands")
    expect(page.get_by_test_id("put-right-2")).to_be_disabled()
    expect(page.get_by_test_id("take-out-1")).to_be_disabled()
    expect(page.get_by_test_id("connection-state")).to_contain_text("live")
    assert len({message["command"] for message in station.commands("put_right")}) == 1
    assert len(station.commands("put_right")) == 2


def test_a_technician_stops_the_fleet_and_violations_stay_listed(station: FakeServer, page: Page) -> None:
    begin(station, MIXED)
    page.get_by_test_id("stop-fleet").click()
    assert len(station.commands("stop")) == 1
    stopped = [robot(i, presence="stopped", reason="Somebody stopped it.") for i in (0, 3)]
    station.say(state(*stopped, robot(2, presence="stopped", **VIOLATED), status="stopped"))
    expect(page.get_by_test_id("notice")).to_contain_text("The fleet is stopped")
    expect(page.get_by_test_id("headline")).to_have_text("1 robot needs hands")
    expect(page.get_by_test_id("put-right-2")).to_be_enabled()
    expect(page.get_by_test_id("start-fleet")).to_be_visible()


def test_a_robot_that_stopped_by_itself_is_listed(station: FakeServer, page: Page) -> None:
    begin(station, state(robot(0, presence="stopped", reason="Its own stop button was pressed.")))
    expect(page.get_by_test_id("hands-0")).to_contain_text("Its own stop button")


def test_where_supervisors_confirm_resets_violations_are_not_for_hands(
    station: FakeServer, page: Page
) -> None:
    station.by_hand = False
    begin(station, state(robot(2, **VIOLATED)))
    expect(page.get_by_test_id("headline")).to_have_text("Nothing needs hands")
    expect(page.get_by_test_id("empty")).to_contain_text("by their supervisors")


@pytest.mark.parametrize("size", [HANDS, {"width": 360, "height": 640}, DESK])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_basics_hold(station: FakeServer, page: Page, size: Any, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size(size)
    begin(station, MIXED)
    page.get_by_test_id("others").locator("summary").click()
    page.get_by_test_id("put-right-2").click()
    answer(station, "put_right", "refused", "The cube still lies beyond the edge.")
    expect(page.get_by_test_id("outcome-2")).to_contain_text("beyond the edge")
    assert faults(page, 44 if size is not DESK else 0) == []
    assert focus_is_seen(page)


def test_in_one_hand_the_first_robot_and_stop_need_no_scrolling(station: FakeServer, page: Page) -> None:
    begin(station, MIXED)
    stop = page.get_by_test_id("stop-fleet").bounding_box()
    assert stop is not None
    assert stop["x"] + stop["width"] > HANDS["width"] - 24
    assert stop["y"] + stop["height"] > HANDS["height"] - 24
    for name in ("headline", "put-right-2", "take-out-2"):
        box = page.get_by_test_id(name).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < stop["y"], name
