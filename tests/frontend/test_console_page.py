"""What the console does with what it hears, and with what it does not hear."""

import pytest
from fake_server import ANCHOR, REACH, FakeServer, example
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser


def called(server: FakeServer, kind: str = "teleoperation") -> None:
    """Open the console and be assigned robot 3."""
    lease = example("lease")
    lease["lease"]["kind"] = kind
    server.open("/console/", example("state"), example("seat"), lease)
    expect(banner(server.page)).to_have_attribute("data-mode", "mine" if kind == "teleoperation" else "reset")
    server.show()


def banner(page: Page) -> Locator:
    return page.get_by_test_id("mode-banner")


def click(page: Page, x: float, y: float) -> None:
    box = page.get_by_test_id("stage-canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


def outcome(server: FakeServer, status: str, **more: object) -> None:
    command = server.commands("push")[-1]
    server.say({**example("outcome"), "command": command["command"], "status": status, **more})


def test_nothing_is_sent_before_enter(server: FakeServer, page: Page) -> None:
    called(server)
    click(page, 0.55, 0.5)
    assert server.commands("push") == []
    page.keyboard.press("z")
    page.keyboard.press("Enter")
    assert server.commands("push") == []
    expect(page.get_by_test_id("refusal")).to_contain_text("Aim first")


def test_a_click_and_enter_send_one_push_at_that_point(server: FakeServer, page: Page) -> None:
    called(server)
    server.show()
    click(page, 0.55, 0.45)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    (push,) = server.commands("push")
    assert push["x"] == pytest.approx(0.55, abs=0.002)
    assert push["y"] == pytest.approx(0.45, abs=0.002)
    assert (push["robot"], push["frame"], push["lease"]) == (3, 2, example("lease")["lease"]["token"])


def test_a_second_click_on_the_end_circle_sends(server: FakeServer, page: Page) -> None:
    called(server)
    click(page, 0.56, 0.5)
    click(page, 0.565, 0.5)
    assert len(server.commands("push")) == 1


def test_keys_alone_aim_and_send(server: FakeServer, page: Page) -> None:
    called(server)
    page.get_by_test_id("stage-canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Enter")
    (push,) = server.commands("push")
    assert (push["x"], push["y"]) == (pytest.approx(ANCHOR[0] + 0.01), pytest.approx(ANCHOR[1] - 0.05))


def test_enter_sends_after_a_button_was_clicked(server: FakeServer, page: Page) -> None:
    called(server)
    click(page, 0.55, 0.5)
    page.get_by_test_id("undo").click()
    click(page, 0.55, 0.5)
    page.get_by_test_id("help").click()
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    assert len(server.commands("push")) == 1


def test_the_page_claims_only_what_it_heard(server: FakeServer, page: Page) -> None:
    called(server)
    click(page, 0.9, 0.5)
    page.keyboard.press("Enter")
    said = page.get_by_test_id("outcome")
    expect(said).to_contain_text("sent, not answered")
    expect(banner(page)).to_have_attribute("data-mode", "waiting")
    outcome(server, "accepted")
    expect(said).to_contain_text("accepted")
    outcome(server, "executed", clipped=True, anchor=list(ANCHOR), end=[ANCHOR[0] + REACH, ANCHOR[1]])
    expect(said).to_contain_text("clamped")
    expect(banner(page)).to_have_attribute("data-mode", "mine")


def test_silence_becomes_unknown(server: FakeServer, page: Page) -> None:
    called(server)
    click(page, 0.55, 0.5)
    page.keyboard.press("Enter")
    page.wait_for_timeout(2000)
    expect(page.get_by_test_id("outcome")).to_contain_text("not answered yet")
    expect(page.get_by_test_id("outcome")).to_contain_text("unknown, no answer", timeout=3000)


def test_an_old_picture_takes_no_clicks_and_says_why(server: FakeServer, page: Page) -> None:
    server.stale_ms = 1500
    called(server)
    expect(page.get_by_test_id("stage")).to_have_attribute("data-stale", "yes")
    click(page, 0.55, 0.5)
    expect(page.get_by_test_id("refusal")).to_contain_text("too old")
    expect(page.get_by_test_id("send-push")).to_be_disabled()
    server.show()
    click(page, 0.55, 0.5)
    expect(page.get_by_test_id("send-push")).to_be_enabled()


def test_a_picture_without_anchor_takes_no_clicks(server: FakeServer, page: Page) -> None:
    called(server)
    server.show(None)
    click(page, 0.55, 0.5)
    expect(page.get_by_test_id("refusal")).to_contain_text("means nothing")


def test_a_hard_reset_is_confirmed_once(server: FakeServer, page: Page) -> None:
    called(server, "hard_reset")
    click(page, 0.55, 0.5)
    expect(page.get_by_test_id("refusal")).to_contain_text("hard reset")
    page.keyboard.press("r")
    page.keyboard.press("r")
    (reset,) = server.commands("hard_reset")
    server.say({**example("outcome"), "command": reset["command"], "anchor": None, "end": None})
    expect(banner(page)).to_contain_text("takes some steps")
    page.keyboard.press("r")
    assert len(server.commands("hard_reset")) == 1


def test_a_hard_reset_is_not_confirmed_by_an_old_picture(server: FakeServer, page: Page) -> None:
    server.stale_ms = 1500
    called(server, "hard_reset")
    expect(page.get_by_test_id("stage")).to_have_attribute("data-stale", "yes")
    page.keyboard.press("r")
    assert server.commands("hard_reset") == []
    expect(page.get_by_test_id("refusal")).to_contain_text("too old")
    server.show()
    page.keyboard.press("r")
    assert len(server.commands("hard_reset")) == 1


def test_a_lost_connection_is_said_and_mends_itself(server: FakeServer, page: Page) -> None:
    called(server)
    click(page, 0.55, 0.5)
    page.keyboard.press("Enter")
    first = server.commands("push")[0]
    server.hang_up()
    expect(banner(page)).to_have_attribute("data-mode", "offline")
    expect(page.get_by_test_id("stop-fleet")).to_be_disabled()
    expect(page.get_by_test_id("connection-state")).to_contain_text("live")
    # What became of the push is asked again under the same id, so it can never move a robot twice.
    assert [push["command"] for push in server.commands("push")] == [first["command"]] * 2


def test_a_stop_needs_no_question_and_says_when_it_is_not_confirmed(server: FakeServer, page: Page) -> None:
    called(server)
    page.keyboard.press("Shift+S")
    assert len(server.commands("stop")) == 1
    expect(page.get_by_test_id("stop-fleet")).to_contain_text("Not confirmed", timeout=4000)
    server.say({**example("state"), "status": "stopped"})
    expect(banner(page)).to_have_attribute("data-mode", "stopped")
    page.get_by_test_id("start-fleet").click()
    assert server.commands("start") == []
    page.get_by_test_id("start-confirm").click()
    assert len(server.commands("start")) == 1


def test_a_call_takes_the_stage_and_the_title(server: FakeServer, page: Page) -> None:
    server.open("/console/", example("state"), example("seat"), {"type": "lease", "lease": None})
    expect(banner(page)).to_have_attribute("data-mode", "own")
    expect(page.get_by_test_id("stage")).to_be_hidden()
    server.say(example("lease"))
    expect(page.get_by_test_id("stage")).to_be_visible()
    expect(page).to_have_title("● Robot 3 needs you · Console · IIFL")
    watched = server.commands("watch")[-1]["cameras"]
    assert watched[0] == {"robot": 3, "size": "full"}
    assert [camera["robot"] for camera in watched[1:]] == [1, 2]


def test_everything_fits_without_scrolling(server: FakeServer, page: Page) -> None:
    called(server)
    for width, height in ((1280, 720), (1024, 768), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        for name in ("mode-banner", "stage-canvas", "queue", "reason", "send-push", "help", "policy-version"):
            box = page.get_by_test_id(name).bounding_box()
            assert box is not None
            assert box["x"] >= 0, name
            assert box["y"] >= 0, name
            assert box["x"] + box["width"] <= width, name
            assert box["y"] + box["height"] <= height, name
