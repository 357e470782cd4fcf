"""A person at the console of a real fleet: assigned, pushing, resetting, reloading."""

import pytest
from playwright.sync_api import Browser, Page, expect
from running_demo import Demo, anchor, eventually, have_a_robot, push_towards, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow(30)]

CUBE_CENTRE = """canvas => {
    const {width, height} = canvas;
    const pixels = canvas.getContext('2d').getImageData(0, 0, width, height).data;
    let count = 0, x = 0, y = 0;
    for (let i = 0; i < pixels.length; i += 4) {
        if (pixels[i + 2] > 200 && pixels[i] < 110 && pixels[i + 1] > 100 && pixels[i + 1] < 170) {
            count += 1; x += (i / 4) % width; y += Math.floor(i / 4 / width);
        }
    }
    const anchor = [Number(canvas.dataset.anchorX), Number(canvas.dataset.anchorY)];
    return count < 50 ? null : {seen: [x / count / width, y / count / height], anchor};
}"""


def persons_interventions(demo: Demo, kind: str = "teleoperation") -> list[tuple[str, int]]:
    return demo.rows(
        "SELECT status, robot FROM fleets_intervention "
        f"WHERE person_id IS NOT NULL AND kind = '{kind}' ORDER BY id"
    )


def test_a_click_moves_the_cube_and_is_in_the_database(supervisor: Page, demo: Demo) -> None:
    robot = have_a_robot(supervisor)
    before = len(persons_interventions(demo))
    canvas = supervisor.get_by_test_id("stage-canvas")

    def drawn_at_its_anchor() -> bool:
        found = canvas.evaluate(CUBE_CENTRE)  # both in one look: pictures follow each other
        return found is not None and found["seen"] == pytest.approx(found["anchor"], abs=0.02)

    eventually("the cube is drawn where its anchor is", drawn_at_its_anchor)
    x, y = anchor(supervisor)
    # Along the nearer wall, so that neither obstacle nor wall is touched.
    step = 0.06 if x < 0.5 else -0.06
    sideways = abs(x - 0.5) * 4 / 3 < abs(y - 0.5)
    target = (x + step, y) if sideways else (x, y + (0.08 if y < 0.5 else -0.08))
    push_towards(supervisor, *target)
    done = eventually(
        "the push is executed in the database",
        lambda: [row for row in persons_interventions(demo)[before:] if row[0] == "executed"],
    )
    assert done[0] == ("executed", robot)
    expect(supervisor.get_by_test_id("outcome")).to_be_visible()

    def moved() -> bool:
        if int(canvas.get_attribute("data-robot") or -1) != robot:
            return False
        now = canvas.evaluate(CUBE_CENTRE)
        return now is not None and abs(now["seen"][0] - x) * 640 + abs(now["seen"][1] - y) * 480 > 12

    eventually("the cube has moved on the canvas", moved, 10)


def test_a_reload_in_the_middle_keeps_the_robot(supervisor: Page, demo: Demo) -> None:
    robot = have_a_robot(supervisor)
    supervisor.reload()
    assert have_a_robot(supervisor) == robot
    x, y = anchor(supervisor)
    before = len(persons_interventions(demo))
    push_towards(supervisor, x + (0.03 if x < 0.5 else -0.03), y)
    eventually("the push after the reload is decided", lambda: persons_interventions(demo)[before:])


def test_a_violation_is_ended_by_a_confirmed_hard_reset(supervisor: Page, demo: Demo) -> None:
    have_a_robot(supervisor)
    banner = supervisor.get_by_test_id("mode-banner")

    def broken() -> bool:
        if banner.get_attribute("data-mode") == "reset":
            return True
        canvas = supervisor.get_by_test_id("stage-canvas")
        if banner.get_attribute("data-mode") == "mine" and canvas.get_attribute("data-stale") == "":
            push_towards(supervisor, 0.5, 0.5)  # straight into the obstacle
        supervisor.wait_for_timeout(500)
        return False

    eventually("a push into the obstacle is a violation", broken, 60)
    robot = int(supervisor.get_by_test_id("stage-canvas").get_attribute("data-robot") or -1)
    reset = supervisor.get_by_test_id("hard-reset")
    expect(reset).to_be_enabled(timeout=10_000)
    before = len(persons_interventions(demo, "hard_reset"))
    supervisor.keyboard.press("r")
    eventually(
        "the hard reset is executed",
        lambda: ("executed", robot) in persons_interventions(demo, "hard_reset")[before:],
    )
    samples = demo.rows(
        "SELECT count(*) FROM fleets_intervention WHERE kind = 'hard_reset' AND observation IS NOT NULL"
    )
    assert samples == [(0,)]


def test_an_administrator_sees_numbers_that_the_database_confirms(chromium: Browser, demo: Demo) -> None:
    page = chromium.new_page()
    sign_in(page, demo, "administrator")
    page.goto(f"{demo.address}/fleet/")
    shown = page.get_by_test_id("metric-interventions")
    expect(shown).not_to_have_text("0", timeout=15_000)
    before = demo.rows("SELECT count(*) FROM fleets_intervention WHERE status = 'executed'")[0][0]
    page.wait_for_timeout(1500)
    text = "".join(letter for letter in shown.inner_text() if letter.isdigit())
    after = demo.rows("SELECT count(*) FROM fleets_intervention WHERE status = 'executed'")[0][0]
    assert 0 < int(text) <= after
    assert after >= before
    for robot in range(4):
        expect(page.get_by_test_id(f"robot-card-{robot}")).to_be_visible()
    page.close()
