"""A real Chromium on the pages of `frontend/`; any fault that a page reports fails the test."""

from collections.abc import Iterator

import pytest
from fake_server import FakeServer
from playwright.sync_api import Browser, ConsoleMessage, Page


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of 1280×720. Errors on its console, a broken security policy among them, fail the test."""
    faults: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            faults.append(message.text)

    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.set_default_timeout(5000)
    page.on("console", note)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


@pytest.fixture
def server(page: Page) -> FakeServer:
    return FakeServer(page)
