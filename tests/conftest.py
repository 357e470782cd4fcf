"""What tests of several rooms share."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from iifl_server.processes.chromium import find_chromium


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for each file: while it runs, no other event loop can, so it must not outlive its tests."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
