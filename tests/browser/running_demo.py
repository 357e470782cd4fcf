"""`./iifl demo` as a user starts it, and how tests look at it."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Page, expect

from iifl_server.processes.children import die_with_parent

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN_S = 90
NOWHERE = dict.fromkeys(("http_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
"""Proxies that a demo on one's own machine must not ask."""


def eventually(what: str, check: Callable[[], Any], within_s: float = 30) -> Any:
    """The first true answer of `check`; fails, naming `what`, when there is none in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if answer := check():
            return answer
        time.sleep(0.1)
    pytest.fail(f"within {within_s:.0f} s this did not happen: {what}")


@dataclass
class Demo:
    """A running demo."""

    process: subprocess.Popen[bytes]
    data: Path
    address: str
    """Of its page, without the last slash."""
    accounts: dict[str, tuple[str, str]]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What its database says, read beside the running processes."""
        with sqlite3.connect(
            f"file:{self.data / 'iifl.sqlite3'}?mode=ro", uri=True, timeout=20
        ) as connection:
            return connection.execute(query).fetchall()

    def train_shortly(self) -> None:
        """Retrainings from now on make a few updates: on a busy machine a whole one takes minutes."""
        few = "UPDATE fleets_run SET config = json_set(config, '$.retraining', json('{\"updates\": 10}'))"
        with sqlite3.connect(self.data / "iifl.sqlite3", timeout=20) as connection:
            connection.execute(few)

    def step(self) -> int:
        return int(self.rows("SELECT max(step) FROM fleets_runstep")[0][0] or 0)

    def child(self, *words: str) -> psutil.Process | None:
        """The child process whose command line ends with these words."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if child.cmdline()[-len(words) :] == list(words):
                    return child
            except psutil.Error:
                continue
        return None

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_from_a_terminal() -> None:
    """Behind nohup, or in the background of a shell, signals are ignored, and a child would ignore them.

    A demo whose tests were killed ends with them; it would work on for hours.
    """
    die_with_parent()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def start_demo(data: Path, shipped: Path, *more: str) -> Demo:
    """Start the demo and wait for the lines that introduce it."""
    port = free_port()
    data.mkdir(parents=True, exist_ok=True)
    printed = data / "printed.txt"
    with printed.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "demo", "--no-browser", "--port", str(port), *more],
            env={**os.environ, **NOWHERE, "IIFL_DATA": str(data), "IIFL_SHIPPED": str(shipped)},
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=_as_from_a_terminal,
        )
    eventually(
        f"the demo introduces itself, but it printed {printed}",
        lambda: "Ctrl-C" in printed.read_text() or process.poll() is not None,
        STARTS_WITHIN_S,
    )
    text = printed.read_text()
    accounts = {
        role: (name, password)
        for role, name, password in re.findall(
            r"^\s+(supervisor|technician|administrator)\s+(\S+) / (\S+)", text, re.M
        )
    }
    assert len(accounts) == 3, text
    page = re.search(r"^  page +(\S+)/$", text, re.M)
    assert page is not None, text
    return Demo(process, data, page[1], accounts)


def sign_in(page: Page, demo: Demo, role: str) -> None:
    name, password = demo.accounts[role]
    page.goto(f"{demo.address}/sign-in/")
    page.get_by_test_id("sign-in-username").fill(name)
    page.get_by_test_id("sign-in-password").fill(password)
    page.get_by_test_id("sign-in-submit").click()


def have_a_robot(page: Page) -> int:
    """Wait until the allocation has given this person a robot that can be pushed and is in sight."""
    expect(page.get_by_test_id("mode-banner")).to_have_attribute("data-mode", "mine", timeout=20_000)
    canvas = page.get_by_test_id("stage-canvas")
    expect(canvas).to_have_attribute("data-stale", "", timeout=20_000)
    return int(canvas.get_attribute("data-robot") or -1)


def anchor(page: Page) -> tuple[float, float]:
    canvas = page.get_by_test_id("stage-canvas")
    return float(canvas.get_attribute("data-anchor-x") or 0), float(
        canvas.get_attribute("data-anchor-y") or 0
    )


def push_towards(page: Page, x: float, y: float) -> None:
    """Click on the frame and send."""
    box = page.get_by_test_id("stage-canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.keyboard.press("Enter")
