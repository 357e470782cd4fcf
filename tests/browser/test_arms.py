"""`./iifl demo --fleet yumi-twin` as people use it: slow pushes, hands, a stop, a killed runner."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from running_demo import Demo, anchor, eventually, have_a_robot, push_towards, sign_in, start_demo

pytestmark = [pytest.mark.browser, pytest.mark.slow(40)]

STATUSES = "SELECT status, count(*) FROM fleets_motion GROUP BY status"
NEWEST = "SELECT id, status FROM fleets_motion ORDER BY asked_at DESC LIMIT 1"


@pytest.fixture(scope="module")
def arms(tmp_path_factory: pytest.TempPathFactory, untrained: Path) -> Iterator[Demo]:
    """Two simulated YuMis behind SSH; their policy knows nothing, and every robot calls for help."""
    running = start_demo(tmp_path_factory.mktemp("arms"), untrained, "--fleet", "yumi-twin")
    yield running
    running.stop()


@pytest.fixture
def person(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


def at_desk(demo: Demo, arm: str, what: str) -> Any:
    """What whoever stands by the twins sees or does."""
    desk, side = json.loads((demo.data / "yumi-twin" / "desks.json").read_text())[arm]
    request = urllib.request.Request(
        f"{desk}/{what.format(side=side)}", method="GET" if what == "state" else "POST"
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=20) as answer:
        text = answer.read()
    return json.loads(text) if what == "state" else None


def executed(demo: Demo) -> list[tuple[str, str, int]]:
    """Every order that a twin has begun: (robot, arm, number)."""
    found = []
    for arm in ("yumi1-left", "yumi2-left"):
        for side, told in at_desk(demo, arm, "state")["arms"].items():
            found += [(arm[:5], side, number) for number in told["executed"]]
    return found


def test_arms_move_by_policy_and_algorithm_and_every_motion_has_its_author(arms: Demo) -> None:
    eventually("arms have moved", lambda: dict(arms.rows(STATUSES)).get("done", 0) >= 4, 120)
    authors = {author for (author,) in arms.rows("SELECT DISTINCT author FROM fleets_motion")}
    assert any(author.startswith("scripted") for author in authors)
    motions = arms.rows("SELECT count(*) FROM fleets_motion")[0][0]
    assert arms.rows("SELECT count(*) FROM accounts_auditlog WHERE action = 'motion'")[0][0] >= motions


def test_a_click_on_the_camera_is_done_when_the_arm_has_ended_its_push(arms: Demo, person: Page) -> None:
    sign_in(person, arms, "supervisor")
    have_a_robot(person)
    before = arms.rows("SELECT count(*) FROM fleets_intervention WHERE person_id IS NOT NULL")[0][0]
    done = (
        "SELECT count(*) FROM fleets_intervention i JOIN fleets_motion m ON m.intervention_id = i.id "
        "WHERE i.person_id IS NOT NULL AND i.status = 'executed' AND m.status = 'done'"
    )

    def pushed() -> bool:
        if person.get_by_test_id("mode-banner").get_attribute("data-mode") == "mine":
            x, y = anchor(person)
            push_towards(person, x + (0.05 if x < 0.5 else -0.05), y)
        person.wait_for_timeout(700)
        return bool(arms.rows(done)[0][0])

    eventually("a push of the person was carried out", pushed, 120)
    assert arms.rows("SELECT count(*) FROM fleets_intervention WHERE person_id IS NOT NULL")[0][0] > before


def test_a_runner_killed_while_arms_move_repeats_nothing(arms: Demo) -> None:
    eventually("an arm moves", lambda: dict(arms.rows(STATUSES)).get("begun", 0) >= 2, 60)
    runner = arms.child("runner")
    assert runner is not None
    runner.kill()
    eventually("what nobody saw end is unknown", lambda: dict(arms.rows(STATUSES)).get("unknown", 0) >= 1, 60)
    done = dict(arms.rows(STATUSES)).get("done", 0)
    # An arm that lost its driver in a motion stands, and says so; a technician lets it go on.
    eventually("arms go on", lambda: dict(arms.rows(STATUSES)).get("done", 0) > done + 1, 90)
    orders = executed(arms)
    assert len(orders) == len(set(orders))
    assert len(orders) <= arms.rows("SELECT count(*) FROM fleets_motion")[0][0]


def test_hands_put_a_robot_right_and_a_technician_says_so(arms: Demo, person: Page) -> None:
    person.set_viewport_size({"width": 390, "height": 844})
    sign_in(person, arms, "technician")
    expect(person.get_by_test_id("headline")).to_be_visible()

    def broken() -> bool:
        for arm in ("yumi1-left", "yumi1-right", "yumi2-left", "yumi2-right"):
            try:
                at_desk(arms, arm, "hands?arm={side}&x=0.178&y=0.178&yaw=0.5")  # In a corner of its walls.
            except OSError:
                continue
        person.wait_for_timeout(2000)
        return person.get_by_text("Waits for hands").count() > 0

    eventually("a robot waits for hands", broken, 120)
    resets = arms.rows(
        "SELECT count(*) FROM fleets_intervention WHERE kind='put_right' AND status='executed'"
    )[0][0]

    def put_right() -> bool:
        for button in person.locator("[data-testid^=put-right-]").all():
            if button.is_visible() and button.is_enabled():
                button.click(timeout=2000)
                break
        person.wait_for_timeout(1000)
        rows = arms.rows(
            "SELECT count(*) FROM fleets_intervention WHERE kind='put_right' AND status='executed'"
        )
        return int(rows[0][0]) > resets

    eventually("the camera agrees that it was put right", put_right, 120)


def test_a_stop_reaches_arms_in_motion_and_only_an_administrator_ends_it(arms: Demo, person: Page) -> None:
    sign_in(person, arms, "administrator")
    person.get_by_test_id("stop-fleet").click()
    eventually("nothing moves", lambda: dict(arms.rows(STATUSES)).get("begun", 0) == 0, 30)
    orders = executed(arms)
    person.wait_for_timeout(1500)
    assert executed(arms) == orders
    person.get_by_test_id("start-fleet").click()
    person.get_by_test_id("start-confirm").click()
    eventually("arms go on", lambda: len(executed(arms)) > len(orders), 60)
