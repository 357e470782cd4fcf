"""The console where a camera is not sure, and where robots are in motion, away, or put right by hand."""

from typing import Any

import pytest
from basics import faults
from fake_server import FakeServer, example
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

TOKEN = example("lease")["lease"]["token"]


def banner(page: Page) -> Locator:
    return page.get_by_test_id("mode-banner")


def mine(kind: str = "verdict") -> dict[str, Any]:
    lease: dict[str, Any] = example("lease")
    lease["lease"]["kind"] = kind
    return lease


def robot_3(**more: Any) -> dict[str, Any]:
    """The state with robot 3, which is mine, changed."""
    state: dict[str, Any] = example("state")
    state["robots"][3] |= more
    return state


@pytest.fixture
def asked(server: FakeServer, page: Page) -> FakeServer:
    """Robot 3 is mine and asks what its last push came to."""
    server.open("/console/", robot_3(asks=True), example("seat"), mine())
    expect(banner(page)).to_have_attribute("data-mode", "verdict")
    server.show()
    return server


def answer(server: FakeServer, status: str, reason: str = "") -> None:
    command = server.commands("verdict")[-1]
    said = {"command": command["command"], "status": status, "reason": reason}
    server.say({**example("outcome"), "anchor": None, "end": None, "clipped": False, **said})


def test_the_question_stands_in_the_banner_with_a_key_for_each_answer(asked: FakeServer, page: Page) -> None:
    expect(banner(page)).to_contain_text("WHAT DID THE LAST PUSH COME TO?")
    expect(banner(page)).to_contain_text("Y reached, N not reached, X broken")
    expect(page.get_by_test_id("verdict-reached")).to_have_text("YReached")
    expect(page.get_by_test_id("verdict-not_reached")).to_be_enabled()
    expect(page.get_by_test_id("verdict-broken")).to_be_enabled()
    for name in ("send-push", "undo", "hard-reset"):
        expect(page.get_by_test_id(name)).to_be_hidden()
    expect(page.get_by_test_id("reason")).to_contain_text("not sure what its last motion came to")
    expect(page).to_have_title("● Robot 3 asks what it came to · Console · IIFL")


@pytest.mark.parametrize(("key", "said"), [("y", "reached"), ("n", "not_reached"), ("x", "broken")])
def test_a_key_answers_once_and_only_what_was_heard_is_claimed(
    asked: FakeServer, page: Page, key: str, said: str
) -> None:
    page.keyboard.press(key)
    page.keyboard.press("y")
    (verdict,) = asked.commands("verdict")
    assert (verdict["said"], verdict["robot"], verdict["lease"]) == (said, 3, TOKEN)
    outcome = page.get_by_test_id("outcome")
    expect(outcome).to_contain_text("sent, not answered")
    expect(banner(page)).to_have_attribute("data-mode", "waiting")
    answer(asked, "accepted")
    expect(outcome).to_contain_text("accepted")
    answer(asked, "executed")
    expect(outcome).to_contain_text("on record")
    page.keyboard.press("n")
    assert len(asked.commands("verdict")) == 1
    asked.say(mine("teleoperation"))
    expect(banner(page)).to_have_attribute("data-mode", "mine")
    expect(page.get_by_test_id("verdict")).to_be_hidden()


def test_a_button_answers_too_and_a_refusal_is_said(asked: FakeServer, page: Page) -> None:
    page.get_by_test_id("verdict-not_reached").click()
    assert asked.commands("verdict")[-1]["said"] == "not_reached"
    answer(asked, "refused", "Somebody has answered already.")
    expect(page.get_by_test_id("outcome")).to_contain_text("refused. Somebody has answered already.")
    expect(page.get_by_test_id("verdict-reached")).to_be_enabled()


def test_no_push_leaves_the_page_before_the_answer(asked: FakeServer, page: Page) -> None:
    page.get_by_test_id("stage-canvas").click(position={"x": 300, "y": 240})
    expect(page.get_by_test_id("refusal")).to_contain_text("First say what the last push came to")
    page.keyboard.press("Enter")
    assert asked.commands("push") == []


def test_an_old_picture_is_nothing_to_judge_by(server: FakeServer, page: Page) -> None:
    server.stale_ms = 300
    server.open("/console/", robot_3(asks=True), example("seat"), mine())
    expect(page.get_by_test_id("verdict-reached")).to_be_disabled()
    page.keyboard.press("y")
    expect(page.get_by_test_id("refusal")).to_contain_text("too old to judge by")
    assert server.commands("verdict") == []


def test_the_keys_do_nothing_where_nobody_asks(server: FakeServer, page: Page) -> None:
    server.open("/console/", example("state"), example("seat"), mine("teleoperation"))
    expect(page.get_by_test_id("stage")).to_be_visible()
    server.show()
    for key in ("y", "n", "x"):
        page.keyboard.press(key)
    assert server.commands("verdict") == []
    page.keyboard.press("?")
    expect(page.locator("dialog.help")).to_contain_text("Y, N, X")
    expect(page.locator("dialog.help")).to_contain_text("has been put back")


def test_a_robot_in_motion_invites_no_push(server: FakeServer, page: Page) -> None:
    server.open("/console/", robot_3(presence="moving"), example("seat"), mine("teleoperation"))
    expect(page.get_by_test_id("stage")).to_be_visible()
    server.show()
    expect(banner(page)).to_contain_text("IT IS MOVING")
    page.get_by_test_id("stage-canvas").click(position={"x": 300, "y": 240})
    expect(page.get_by_test_id("refusal")).to_contain_text("It is moving")
    expect(page.get_by_test_id("hand-back")).to_be_enabled()
    server.say(robot_3())
    expect(banner(page)).to_have_attribute("data-mode", "mine")
    expect(page.get_by_test_id("refusal")).to_be_hidden()


def test_a_robot_that_is_away_says_why(server: FakeServer, page: Page) -> None:
    away = robot_3(presence="away", reason="Its cable is out.")
    server.open("/console/", away, example("seat"), mine("teleoperation"))
    expect(page.get_by_test_id("stage")).to_be_visible()
    server.show()
    expect(banner(page)).to_have_attribute("data-mode", "away")
    expect(banner(page)).to_contain_text("Its cable is out.")
    page.get_by_test_id("stage-canvas").click(position={"x": 300, "y": 240})
    expect(page.get_by_test_id("refusal")).to_contain_text("Its cable is out.")


def test_where_resets_are_done_by_hand_none_is_offered(server: FakeServer, page: Page) -> None:
    server.by_hand = True
    state = example("state")
    state["robots"][2] |= {"queue": None}
    state["robots"][0] |= {"presence": "away", "reason": "Its cable is out."}
    server.open("/console/", state, example("seat"), {"type": "lease", "lease": None})
    expect(page.get_by_test_id("hard-reset")).to_be_hidden()
    expect(page.get_by_text("robot 2 waits for hands")).to_be_visible()
    expect(page.get_by_test_id("wall").get_by_text("Its cable is out.")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("dialog.help")).not_to_contain_text("has been put back")
    page.keyboard.press("Escape")
    server.say(mine("hard_reset"))
    expect(banner(page)).to_contain_text("WAITS FOR HANDS")
    page.keyboard.press("r")
    assert server.commands("hard_reset") == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_question_fits_and_can_be_read(asked: FakeServer, page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.wait_for_timeout(200)
    assert faults(page) == []
    for width, height in ((1280, 720), (1024, 768)):
        page.set_viewport_size({"width": width, "height": height})
        for name in ("mode-banner", "verdict-reached", "verdict-broken", "help"):
            box = page.get_by_test_id(name).bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= width, name
            assert box["y"] + box["height"] <= height, name
    detail = page.locator(".banner-detail")
    assert detail.evaluate("element => element.scrollWidth <= element.clientWidth")
