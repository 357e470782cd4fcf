"""A person at the console of robots that take no pushes: Franka arms, helped by a supervisor's way."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from running_demo import Demo, eventually, start_demo

from iifl_server.learning.recipes import IMPLICIT, recipe
from iifl_server.processes.listening import own_addresses
from policy import ImplicitPolicy, save_checkpoint

pytestmark = [pytest.mark.browser, pytest.mark.slow(30)]

TASK = "franka_cube_stack"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Two arms that know nothing and, with û = 0, call for help in every step."""
    folder = tmp_path_factory.mktemp("shipped")
    save_checkpoint(
        folder / TASK / "policy.safetensors",
        ImplicitPolicy(recipe(TASK).policy_config(IMPLICIT), seed=0),
        uncertainty_threshold=0.0,
        trained_on=100,
        seed=0,
        data_seed=0,
        data_hash="",
    )
    host = "::1" if "::1" in own_addresses() else "localhost"
    options = ("--task", TASK, "--robots", "2", "--pace", "0.5", "--host", host)
    running = start_demo(tmp_path_factory.mktemp("var"), folder, *options)
    yield running
    running.stop()


def chosen(demo: Demo) -> list[tuple[str, str, int, int]]:
    """Status, mode, whether there is an action, and step of what people ordered."""
    return demo.rows(
        "SELECT status, mode, action IS NOT NULL, step FROM fleets_intervention "
        "WHERE person_id IS NOT NULL AND kind = 'teleoperation' AND status = 'executed' ORDER BY id"
    )


def test_a_key_makes_the_arm_go_a_supervisors_way_step_by_step(supervisor: Page, demo: Demo) -> None:
    expect(supervisor.get_by_test_id("mode-banner")).to_have_attribute("data-mode", "mine", timeout=30_000)
    stage = supervisor.get_by_test_id("stage")
    expect(stage).to_have_attribute("data-stale", "", timeout=20_000)
    expect(stage).to_have_attribute("data-anchor-x", "")
    expect(supervisor.get_by_test_id("send-push")).to_be_hidden()
    expect(supervisor.get_by_test_id("mode-1")).to_contain_text("first faces")
    supervisor.keyboard.press("2")
    rows = eventually("five steps of the way are executed", lambda: chosen(demo)[4:] and chosen(demo))
    assert {(status, mode, moved) for status, mode, moved, _ in rows} == {("executed", "second faces", 1)}
    steps = [step for *_, step in rows[:5]]
    assert steps == list(range(steps[0], steps[0] + 5))


def test_an_arm_can_be_handed_back_in_the_middle(supervisor: Page, demo: Demo) -> None:
    banner = supervisor.get_by_test_id("mode-banner")
    expect(banner).to_have_attribute("data-mode", "mine", timeout=30_000)
    expect(supervisor.get_by_test_id("mode-1")).to_be_enabled(timeout=20_000)
    before = len(chosen(demo))
    supervisor.keyboard.press("1")
    expect(banner).to_have_attribute("data-mode", "assisting", timeout=15_000)
    expect(banner).to_contain_text("FIRST FACES")
    supervisor.keyboard.press("b")
    backs = "SELECT count(*) FROM fleets_intervention WHERE kind = 'hand_back' AND status = 'executed'"
    eventually("the arm is handed back", lambda: demo.rows(backs)[0][0])
    assert 0 < len(chosen(demo)) - before < 5
