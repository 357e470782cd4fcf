"""One simulated YuMi, complete: a controller with two arms, a table and a camera for each, and a desk.

The desk is a second port, for whoever plays the people at the robot: pictures, faults, and hands that put a
cube back. It listens on loopback only and asks nobody who they are.
"""

import json
import math
import secrets
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import cv2
import numpy as np

from robots.fleet import RobotsError
from robots.remote.side import SideError
from robots.tasks.block_push.geometry import on_ring
from robots.yumi.controller import TASKS
from robots.yumi.credentials import Credentials
from robots.yumi.sources import AGE_HEADER
from robots.yumi.twin.camera import CameraTwin, Eye
from robots.yumi.twin.faults import Breakable
from robots.yumi.twin.irc5 import Irc5Twin
from robots.yumi.twin.server import LocalServer, Wire, serve_controller
from robots.yumi.twin.world import WorldTwin

_QUALITY = 95  # Of JPEGs.


@dataclass(frozen=True)
class Addresses:
    """How to reach a twin."""

    controller: str
    user: str
    password: str
    desk: str
    cameras: dict[str, str]
    """Arm → URL of its newest picture."""


class Station:
    """Runs until `close`. factor: how many times faster than a real arm everything moves.

    seed: of the cubes' first places and the cameras' noise. latency_s: of the cameras [s].
    """

    def __init__(
        self,
        *,
        factor: float = 1.0,
        seed: int = 0,
        latency_s: float = 0.08,
        port: int = 0,
        desk_port: int = 0,
    ) -> None:
        generator = np.random.default_rng(seed)
        self.worlds: dict[str, WorldTwin] = {}
        for arm in TASKS:
            side, jitter = int(generator.integers(4)) * math.pi / 2, generator.uniform(-0.26, 0.26)
            x, y = on_ring(side + jitter).tolist()
            self.worlds[arm] = WorldTwin((x, y, float(generator.uniform(-math.pi, math.pi))))
        self.irc5 = Irc5Twin({task: self.worlds[arm] for arm, task in TASKS.items()}, factor)
        self._seed, self._latency_s = seed, latency_s
        self._cameras: dict[str, CameraTwin] = {}
        self._lock = threading.Lock()
        self.wire = Wire()
        self._breakable = Breakable(self.irc5, self.wire, self.cameras)
        self.credentials = Credentials("twin", secrets.token_urlsafe(16))
        self._controller = serve_controller(
            self.irc5, self.credentials.user, self.credentials.password, self.wire, port
        )
        self._desk = LocalServer(_desk(self), desk_port)
        cameras = {arm: f"{self._desk.url}/{arm}.jpg" for arm in TASKS}
        self.addresses = Addresses(
            self._controller.url, self.credentials.user, self.credentials.password, self._desk.url, cameras
        )

    def cameras(self) -> dict[str, CameraTwin]:
        """Arm → the camera over it; made when they are first asked for, which takes a moment."""
        with self._lock:
            if not self._cameras:
                for number, (arm, world) in enumerate(self.worlds.items()):
                    eye = Eye(seed=self._seed * 2 + number)
                    self._cameras[arm] = CameraTwin(world, eye, self._latency_s)
            return self._cameras

    def provoke(self, fault: str, arm: str | None = None, value: float = 0.0) -> None:
        """Make something go wrong, or right again; robots.yumi.twin.faults.Fault names what."""
        self._breakable.provoke(fault, arm, value)

    def hands(self, arm: str, x: float, y: float, yaw: float = 0.0) -> None:
        """Somebody lays the cube of an arm at x, y [m], yaw [rad]; raises RobotsError where it cannot lie, or
        while that arm moves."""
        if arm not in self.worlds:
            raise RobotsError(f"There is no arm {arm!r}; there are {', '.join(self.worlds)}.")
        self.worlds[arm].hands((x, y, yaw))

    def state(self) -> dict[str, Any]:
        """What is so, for tests and scripts: what no real robot would tell."""
        arms = {}
        for arm, task in TASKS.items():
            scene = self.worlds[arm].scene()
            executed = [order.number for order in list(self.irc5.arms[task].executed)]
            arms[arm] = {"cube": scene.cube, "tool": scene.tool, "executed": executed}
        return {"state": self.irc5.state, "mode": self.irc5.mode, "running": self.irc5.running, "arms": arms}

    def close(self) -> None:
        """End both servers; whoever waits for an answer is let go."""
        self.wire.dropped = True
        self.wire.whole.set()
        self._controller.close()
        self._desk.close()


def _desk(station: Station) -> type[BaseHTTPRequestHandler]:
    class Desk(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            arm = path.removeprefix("/").removesuffix(".jpg")
            if path == "/state":
                self._send(200, json.dumps(station.state()).encode(), "application/json")
            elif path.endswith(".jpg") and arm in station.worlds:
                self._picture(station.cameras()[arm])
            else:
                self._send(404, b"There are /state, /left.jpg and /right.jpg.", "text/plain")

        def do_POST(self) -> None:
            address = urlsplit(self.path)
            asked = dict(parse_qsl(address.query))
            try:
                if address.path == "/provoke":
                    value = float(asked.get("value", 0.0))
                    station.provoke(asked.get("fault", ""), asked.get("arm"), value)
                elif address.path == "/hands":
                    x, y, yaw = (float(asked.get(name, "nan")) for name in ("x", "y", "yaw"))
                    station.hands(asked.get("arm", ""), x, y, yaw)
                else:
                    raise RobotsError("There are /provoke and /hands.")
            except (RobotsError, ValueError) as error:
                self._send(400, str(error).encode(), "text/plain")
            else:
                self._send(200, b"done", "text/plain")

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: a twin is quiet."""

        def _picture(self, camera: CameraTwin) -> None:
            try:
                picture = camera.look()
            except SideError as error:
                return self._send(503, str(error).encode(), "text/plain")
            bgr = cv2.cvtColor(picture.image, cv2.COLOR_RGB2BGR)
            _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
            self._send(200, jpeg.tobytes(), "image/jpeg", time.monotonic() - picture.captured_at)

        def _send(self, status: int, body: bytes, kind: str, age_s: float | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if age_s is not None:
                self.send_header(AGE_HEADER, f"{age_s:.4f}")
            self.end_headers()
            self.wfile.write(body)

    return Desk
