"""A running demo, and a browser in front of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from running_demo import Demo, sign_in, start_demo

from policy import ImplicitPolicy, save_checkpoint

PACE_S = 0.4


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights that know nothing, with û = 0: every robot calls for help in every step."""
    folder = tmp_path_factory.mktemp("shipped")
    for task in ("block_push", "yumi_push"):
        save_checkpoint(
            folder / task / "policy.safetensors",
            ImplicitPolicy(seed=0),
            uncertainty_threshold=0.0,
            trained_on=336,
            seed=0,
            data_seed=0,
            data_hash="",
        )
    return folder


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, untrained: Path) -> Iterator[Demo]:
    """Four robots, two supervisors, one of whom may be a person."""
    running = start_demo(tmp_path_factory.mktemp("var"), untrained, "--pace", str(PACE_S))
    yield running
    running.stop()


@pytest.fixture
def supervisor(chromium: Browser, demo: Demo) -> Iterator[Page]:
    """The console of the supervisor, signed in."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.set_default_timeout(15_000)
    sign_in(page, demo, "supervisor")
    yield page
    context.close()
