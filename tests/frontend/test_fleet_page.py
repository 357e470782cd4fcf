"""What the fleet page shows of what it hears."""

from typing import Any

import pytest
from basics import faults, focus_is_seen
from fake_server import FakeServer, example
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_figures_robots_queue_and_people_are_shown(server: FakeServer, page: Page) -> None:
    server.open("/fleet/", example("state"))
    expect(page.get_by_test_id("metric-successes")).to_have_text("36")
    expect(page.get_by_test_id("metric-supervised_successes")).to_have_text("7")
    expect(page.get_by_test_id("metric-idle_share")).to_have_text("6.0 %")
    expect(page.get_by_test_id("robot-card-2")).to_contain_text("waits for a hard reset")
    expect(page.get_by_test_id("queue-item-1")).to_contain_text("asks for help")
    expect(page.get_by_test_id("seat-0")).to_contain_text("has robot 3")
    expect(page.get_by_test_id("policy-version")).to_have_text("v7")


def test_the_charts_join_the_past_and_the_present(server: FakeServer, page: Page) -> None:
    server.open("/fleet/", example("state"))
    charts = page.get_by_test_id("charts")
    expect(charts).to_contain_text("steps 0 to 1,204")
    expect(charts).to_contain_text("v6")
    server.say({**example("state"), "step": 1205})
    expect(charts).to_contain_text("steps 0 to 1,205")


def test_the_cursor_is_shared_by_all_charts(server: FakeServer, page: Page) -> None:
    server.open("/fleet/", example("state"))
    expect(page.get_by_test_id("charts")).to_contain_text("1,204")
    page.locator(".plot").nth(2).hover()
    expect(page.locator(".cursor:not(.none)")).to_have_count(4)


def test_a_halt_is_said_with_its_reason(server: FakeServer, page: Page) -> None:
    reason = "No inference worker answers."
    server.open("/fleet/", {**example("state"), "status": "held", "status_reason": reason})
    expect(page.get_by_test_id("notice")).to_contain_text(reason)
    server.say(example("state"))
    expect(page.get_by_test_id("notice")).to_be_hidden()


def test_a_viewer_cannot_stop_and_reads_why(server: FakeServer, page: Page) -> None:
    server.role = "viewer"
    server.open("/fleet/", example("state"))
    expect(page.get_by_test_id("metric-successes")).to_have_text("36")
    expect(page.get_by_test_id("stop-fleet")).to_be_disabled()
    expect(page.get_by_test_id("stop-fleet")).to_have_attribute(
        "title", "Your role (viewer) may not stop the fleet; supervisor, technician and administrator may."
    )


def test_no_robot_by_a_number_beyond_the_limit_is_watched(server: FakeServer, page: Page) -> None:
    state = example("state")
    state["robots"] = [{**state["robots"][0], "robot": index} for index in range(150)]
    server.open("/fleet/", state)
    expect(page.get_by_test_id("robot-card-149")).to_have_count(1)
    assert len(server.commands("watch")[-1]["cameras"]) == 100


def test_robots_that_are_away_in_motion_or_ask_say_so(server: FakeServer, page: Page) -> None:
    server.by_hand = True
    state = example("state")
    changes: tuple[dict[str, Any], ...] = (
        {"presence": "away", "reason": "Its cable is out."},
        {"asks": True},
        {},
        {"presence": "moving", "asks": False},
    )
    state["robots"] = [robot | change for robot, change in zip(state["robots"], changes, strict=True)]
    state["robots"][2] |= {"queue": None}
    server.open("/fleet/", state)
    expect(page.get_by_test_id("robot-card-0")).to_contain_text("away")
    expect(page.get_by_test_id("robot-card-0")).to_contain_text("Its cable is out.")
    expect(page.get_by_test_id("queue-item-1")).to_contain_text("waits for an answer")
    expect(page.get_by_test_id("robot-card-2")).to_contain_text("waits for hands")
    expect(page.get_by_test_id("robot-card-3")).to_contain_text("helped by ana, moving")
    expect(page.get_by_text("4 · 1 waits for hands · 1 away")).to_be_visible()
    assert faults(page) == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_basics_hold(server: FakeServer, page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    server.open("/fleet/", example("state"))
    expect(page.get_by_test_id("robot-card-2")).to_be_visible()
    assert faults(page) == []
    assert focus_is_seen(page)
