"""The console in a run whose robots take no pushes: a person chooses a supervisor's way."""

from typing import Any

import pytest
from fake_server import FakeServer, example
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

WAYS: dict[str, Any] = {"push": False, "modes": ["first faces", "other faces"], "steps": 5}


def call(server: FakeServer, means: dict[str, Any] = WAYS, lease: int = 0, mode: str = "mine") -> None:
    """Robot 3 becomes mine, by one of the examples of a lease."""
    server.means = means
    server.open("/console/", example("state"), example("seat"), example("lease", lease))
    expect(server.page.get_by_test_id("mode-banner")).to_have_attribute("data-mode", mode)


@pytest.fixture
def called(server: FakeServer) -> FakeServer:
    """Robot 3 is mine, and its picture is no place to click on."""
    call(server)
    server.show(None)
    return server


def answer(server: FakeServer, status: str, **more: Any) -> None:
    command = server.commands("assist")[-1]
    nowhere = {"anchor": None, "end": None, "clipped": False}
    server.say({**example("outcome"), **nowhere, "command": command["command"], "status": status, **more})


def follows(server: FakeServer, left: int | None, step: int) -> None:
    """The state and the lease after a step."""
    server.say({**example("state"), "step": step})
    lease = example("lease")
    lease["lease"]["assist"] = None if left is None else {"mode": "other faces", "left": left}
    server.say(lease)


def test_a_button_for_each_way_and_none_for_pushes(called: FakeServer, page: Page) -> None:
    expect(page.get_by_test_id("mode-1")).to_have_text("1first faces")
    expect(page.get_by_test_id("mode-2")).to_be_enabled()
    expect(page.get_by_test_id("send-push")).to_be_hidden()
    expect(page.get_by_test_id("undo")).to_be_hidden()
    expect(page.get_by_test_id("mode-banner")).to_contain_text("1 chooses “first faces”, 2 “other faces”")
    cursor = "element => getComputedStyle(element).cursor"
    assert page.get_by_test_id("stage-canvas").evaluate(cursor) != "crosshair"


def test_a_key_sends_one_choice_and_the_page_claims_only_what_it_heard(
    called: FakeServer, page: Page
) -> None:
    banner, said = page.get_by_test_id("mode-banner"), page.get_by_test_id("outcome")
    page.keyboard.press("2")
    page.keyboard.press("2")
    (choice,) = called.commands("assist")
    assert (choice["mode"], choice["steps"], choice["robot"], choice["frame"]) == ("other faces", 5, 3, 1)
    assert choice["lease"] == example("lease")["lease"]["token"]
    expect(said).to_contain_text("sent, not answered")
    answer(called, "accepted")
    expect(said).to_contain_text("accepted")
    answer(called, "executed")
    expect(said).to_contain_text("first step is taken")
    expect(banner).to_have_attribute("data-mode", "waiting")
    follows(called, 4, 1205)
    expect(banner).to_have_attribute("data-mode", "assisting")
    expect(banner).to_contain_text("4 more steps")
    expect(page.get_by_test_id("mode-2")).to_have_attribute("aria-pressed", "true")
    follows(called, None, 1209)
    expect(banner).to_have_attribute("data-mode", "mine")


def test_another_way_can_be_chosen_and_the_robot_handed_back_meanwhile(
    called: FakeServer, page: Page
) -> None:
    follows(called, 3, 1206)
    expect(page.get_by_test_id("mode-banner")).to_have_attribute("data-mode", "assisting")
    page.get_by_test_id("mode-1").click()
    assert called.commands("assist")[-1]["mode"] == "first faces"
    answer(called, "executed")
    follows(called, 4, 1207)
    expect(page.get_by_test_id("mode-banner")).to_contain_text("4 more steps")
    page.keyboard.press("b")
    assert len(called.commands("hand_back")) == 1


def test_with_shift_a_way_is_taken_for_one_step(called: FakeServer, page: Page) -> None:
    page.keyboard.press("Shift+Digit1")
    (choice,) = called.commands("assist")
    assert (choice["mode"], choice["steps"]) == ("first faces", 1)
    answer(called, "executed")
    expect(page.get_by_test_id("outcome")).to_contain_text("one step is taken")
    expect(page.get_by_test_id("mode-banner")).to_have_attribute("data-mode", "mine")


def test_a_refusal_is_said_and_the_robot_stays_mine(called: FakeServer, page: Page) -> None:
    page.keyboard.press("1")
    answer(called, "refused", reason="The robot has moved since that frame.")
    expect(page.get_by_test_id("outcome")).to_contain_text("“first faces” refused. The robot has moved")
    expect(page.get_by_test_id("mode-1")).to_be_enabled()


def test_clicks_mean_nothing_and_a_key_too_many_is_explained(called: FakeServer, page: Page) -> None:
    page.get_by_test_id("stage-canvas").click(position={"x": 100, "y": 100})
    expect(page.get_by_test_id("refusal")).to_contain_text("means nothing here")
    page.keyboard.press("3")
    expect(page.get_by_test_id("refusal")).to_contain_text("There is no way 3")
    assert called.commands("push") == called.commands("assist") == []


def test_an_old_picture_is_nothing_to_decide_by(server: FakeServer, page: Page) -> None:
    server.stale_ms = 300
    call(server)
    expect(page.get_by_test_id("mode-1")).to_be_disabled()
    page.keyboard.press("1")
    expect(page.get_by_test_id("refusal")).to_contain_text("too old to decide by")
    assert server.commands("assist") == []
    server.stale_ms = 60_000
    server.hang_up()  # Welcomed again, the page takes over how old a picture may be.
    expect(page.get_by_test_id("connection-state")).to_contain_text("live")
    server.show(None)
    expect(page.get_by_test_id("refusal")).to_be_hidden()
    page.keyboard.press("1")
    assert len(server.commands("assist")) == 1


def test_a_hard_reset_is_asked_for_first(server: FakeServer, page: Page) -> None:
    call(server, lease=1, mode="reset")
    server.show(None)
    expect(page.get_by_test_id("mode-1")).to_be_disabled()
    page.keyboard.press("r")
    assert len(server.commands("hard_reset")) == 1


def test_four_long_names_fit_without_scrolling(server: FakeServer, page: Page) -> None:
    names = [f"{i}: along the far side of it" for i in range(4)]
    call(server, {"push": False, "modes": names, "steps": 5})
    server.show(None)
    for width, height in ((1280, 720), (1024, 768)):
        page.set_viewport_size({"width": width, "height": height})
        for name in ("mode-1", "mode-4", "hard-reset", "help"):
            box = page.get_by_test_id(name).bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= width, name
            assert box["width"] >= 40, name
            assert box["y"] + box["height"] <= height, name


def test_the_help_names_the_keys_of_this_run(called: FakeServer, page: Page) -> None:
    page.keyboard.press("?")
    dialog = page.locator("dialog.help")
    expect(dialog).to_contain_text("other faces")
    expect(dialog).not_to_contain_text("Click or drag")
