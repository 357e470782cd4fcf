"""The server's side of the wire for one page, in the test's own process: pages without a fleet behind them.

Templates and static files come straight from `frontend/`; the socket is answered by `FakeServer`. What the
real server does is tested in `tests/browser/`; here it is what pages do with what they hear, or do not hear.
"""

import copy
import json
import math
import mimetypes
import struct
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
from django.template.loader import render_to_string
from django.test import RequestFactory
from playwright.sync_api import Page, Route, WebSocketRoute, expect

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "frontend" / "static"
ADDRESS = "http://iifl.test"
"""No secure context, as on a plain address of a fleet's own network."""
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws:"
ANCHOR = (0.5, 0.5)
REACH = 0.125


def example(message: str, index: int = 0) -> Any:
    """A valid message from the wire examples."""
    rows = json.loads((ROOT / "tests" / "wire" / f"{message}.json").read_text())
    return copy.deepcopy(rows[index]["message"])


def now() -> float:
    """Milliseconds since 1970."""
    return time.time() * 1000


def _picture() -> bytes:
    image = np.full((480, 640, 3), 90, np.uint8)
    cv2.rectangle(image, (300, 220), (340, 260), (200, 80, 60), -1)
    return bytes(cv2.imencode(".jpg", image)[1])


class FakeServer:
    """Answers `hello`, `ping` and `watch` by itself; everything else only when the test says so."""

    def __init__(self, page: Page, role: str = "supervisor") -> None:
        self.page = page
        self.role = role
        self.stale_ms = 60_000
        """Longer than any test, so that only tests about old pictures see one."""
        self.means: dict[str, Any] = example("welcome")["run"]["means"]
        """How robots of the run are helped."""
        self.by_hand = False
        """Whether somebody at their side puts them right."""
        self.heard: list[dict[str, Any]] = []
        self.greeting: list[dict[str, Any]] = []
        self.frame = 0
        self._picture = _picture()
        self._socket: WebSocketRoute | None = None
        page.route(f"{ADDRESS}/**", self._serve)
        page.route_web_socket("**/ws/live/", self._connect)

    def open(self, path: str, *greeting: dict[str, Any]) -> None:
        """Open a page; `greeting` are the messages that follow the welcome."""
        self.greeting = list(greeting)
        self.page.goto(ADDRESS + path)

    def say(self, message: dict[str, Any]) -> None:
        """Send a text message."""
        assert self._socket is not None
        self._socket.send(json.dumps(message))

    def show(
        self,
        anchor: tuple[float, float] | None = ANCHOR,
        *,
        robot: int = 3,
        old_ms: float = 0,
        where: str = "[data-testid=stage]",
    ) -> None:
        """Send a full frame of a robot, and let it be drawn."""
        self.frame += 1
        ax, ay = anchor or (math.nan, math.nan)
        reach = REACH if anchor else 0.0
        header = struct.pack(">BBHIIdfff", 1, 1, robot, self.frame, 1204, now() - old_ms, ax, ay, reach)
        assert self._socket is not None
        self._socket.send(header + self._picture)
        expect(self.page.locator(where)).to_have_attribute("data-frame", str(self.frame))

    def hang_up(self) -> None:
        """Lose the connection."""
        assert self._socket is not None
        self._socket.close(code=1012, reason="The server restarts.")

    def commands(self, kind: str) -> list[dict[str, Any]]:
        """What has been heard of one type, after what is under way has arrived."""
        self.page.wait_for_timeout(100)
        return [message for message in self.heard if message["type"] == kind]

    def _connect(self, socket: WebSocketRoute) -> None:
        self._socket = socket
        socket.on_message(lambda text: self._hear(json.loads(text)))

    def _hear(self, message: dict[str, Any]) -> None:
        self.heard.append(message)
        if message["type"] == "ping":
            self.say({"type": "pong", "sent_at": message["sent_at"], "server_time": now()})
        elif message["type"] == "hello":
            welcome = example("welcome")
            welcome["server_time"] = now()
            welcome["limits"]["stale_ms"] = self.stale_ms
            welcome["run"]["means"] = self.means
            welcome["run"]["by_hand"] = self.by_hand
            welcome["user"]["role"] = self.role
            self.say(welcome)
            for follows in self.greeting:
                self.say(follows)

    def _serve(self, route: Route) -> None:
        path = route.request.url.removeprefix(ADDRESS).split("?")[0]
        if path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            route.fulfill(body=file.read_bytes(), content_type=kind)
        elif path.startswith("/api/"):
            columns = ["step", "rohe", "successes", "autonomous_successes", "hard_resets", "calls"]
            columns += ["mean_uncertainty", "human_actions"]
            rows = [[step, 0.1, step // 10, step // 20, 0, 1, 1.0, step] for step in range(0, 1200, 4)]
            past = [{"step": 600, "version": 6, "trained_on": 380}]
            route.fulfill(json={"run": 12, "columns": columns, "rows": rows, "retrainings": past})
        else:
            request = RequestFactory().get(path)
            attends = self.role in ("technician", "administrator")
            person = SimpleNamespace(username="ana", role=self.role, is_staff=False, may_attend=attends)
            request.user = person  # type: ignore[assignment]
            page = render_to_string(path.strip("/") + ".html", request=request)
            headers = {"Content-Security-Policy": POLICY}
            route.fulfill(body=page, content_type="text/html; charset=utf-8", headers=headers)
