"""The protocol of Section 7.3.3 on simulated YuMis: four arms, two people who click, one who puts cubes back.

    python tests/benchmarks/yumi_protocol.py --steps 150 --factor 3 --out out/yumi-protocol

Starts a site of two twins and `./iifl demo` over its fleet file, signs three people in over HTTP, and lets
scripts stand for them: each supervisor looks at the picture on the wire, finds the cube and the goal on it,
and clicks over a WebSocket as a page would. A step is one motion of each arm. It prints Table 2's figures.
"""

import argparse
import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import cv2
import numpy as np
import requests
import websocket

from iifl_server.experiments.results import machine, write_json
from iifl_server.live.frames import unpack_frame
from robots.supervisors.scripted_block_push import intended_push
from robots.supervisors.waypoints import Direction
from robots.tasks.block_push import people_view

ROOT = Path(__file__).resolve().parents[2]
PORT = 8765
PAPER = {"successes": 36.3, "hard_resets": 37.0, "rohe_released": 0.71}
"""IIFL in Table 2, of 150 steps of four arms."""


class Page:
    """One person's page: signs in, speaks the wire, keeps what the server last said."""

    def __init__(self, name: str, password: str, page: str) -> None:
        self.name, self.state, self.lease = name, {}, None  # type: ignore[var-annotated]
        self.outcomes: dict[str, dict[str, Any]] = {}
        self.frames: dict[int, tuple[Any, bytes]] = {}
        self.counts = {"executed": 0, "refused": 0, "late": 0, "unknown": 0}
        self.offset = 0.0
        self.drawn = 0
        """Pictures that came."""
        session = requests.Session()
        session.trust_env = False
        address = f"http://127.0.0.1:{PORT}/sign-in/"
        session.get(address, timeout=20)
        form = {"username": name, "password": password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        session.post(address, data=form, headers={"Referer": address}, timeout=20).raise_for_status()
        cookie = "; ".join(f"{one.name}={one.value}" for one in session.cookies)
        self._socket = websocket.create_connection(
            f"ws://127.0.0.1:{PORT}/ws/live/", cookie=cookie, origin=f"http://127.0.0.1:{PORT}", timeout=20
        )
        self._lock = threading.Lock()
        self.say({"type": "hello", "protocol": 1, "page": page, "run": None})
        for work in (self._listen, self._ping):
            threading.Thread(target=_until_closed, args=(work,), daemon=True).start()

    def say(self, message: dict[str, Any]) -> None:
        with self._lock:
            self._socket.send(json.dumps(message))

    def command(self, kind: str, robot: int, wait_s: float = 30.0, **fields: Any) -> dict[str, Any]:
        """Send one and wait until it is known what became of it."""
        number = str(uuid4())
        expires = time.time() * 1000 + self.offset + 4500
        self.say({"type": kind, "command": number, "robot": robot, "expires_at": expires, **fields})
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            found = self.outcomes.get(number)
            if found is not None and found["status"] != "accepted":
                self.counts[found["status"]] += 1
                return found
            time.sleep(0.02)
        return {"status": "unknown", "reason": "nothing was heard"}

    def _listen(self) -> None:
        while True:
            code, data = self._socket.recv_data()
            if code == websocket.ABNF.OPCODE_BINARY:
                header, jpeg = unpack_frame(data)
                self.drawn += 1
                self.frames[header.robot] = (header, jpeg)
                self.say(
                    {"type": "frame_ack", "robot": header.robot, "size": header.size, "frame": header.frame}
                )
                continue
            message = json.loads(data)
            kind = message["type"]
            if kind == "state":
                self.state = message
            elif kind == "lease":
                self.lease = message["lease"]
            elif kind == "outcome":
                self.outcomes[message["command"]] = message
            elif kind == "pong":
                self.offset = message["server_time"] - time.time() * 1000

    def _ping(self) -> None:
        while True:
            self.say({"type": "ping", "sent_at": time.time() * 1000})
            time.sleep(1.5)


def _until_closed(work: Callable[[], None]) -> None:
    with contextlib.suppress(websocket.WebSocketException, OSError):
        work()


def supervise(page: Page, direction: Direction, seed: int, over: threading.Event) -> None:
    """Help whichever robot is mine, at a person's pace."""
    random, tries = Random(seed), 0
    while not over.is_set():
        lease = page.lease
        if lease is None:
            time.sleep(0.05)
            continue
        robot = lease["robot"]
        page.say({"type": "watch", "cameras": [{"robot": robot, "size": "full"}]})
        time.sleep(random.uniform(0.4, 0.9))
        if page.lease is None or page.lease["token"] != lease["token"]:
            continue
        if lease["kind"] == "verdict":
            page.command("verdict", robot, lease=lease["token"], said="not_reached")
            continue
        shown = page.frames.get(robot)
        if shown is None or page.state["robots"][robot]["presence"] != "ready":
            continue
        header, jpeg = shown
        goal = goal_on(jpeg)
        if header.anchor is None or goal is None:
            continue
        click = click_for(header.anchor, goal, direction, header.reach, tries)
        answer = page.command("push", robot, lease=lease["token"], frame=header.frame, x=click[0], y=click[1])
        tries = tries + 1 if answer["status"] == "refused" else 0


def goal_on(jpeg: bytes) -> tuple[float, float] | None:
    """Where the goal is on a picture, as pixels, or None."""
    image = cv2.imdecode(np.frombuffer(jpeg, dtype=np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    near = np.abs(image[..., ::-1].astype(int) - np.array(people_view.GOAL)).sum(axis=2) < 110
    rows, columns = np.nonzero(near)
    if len(rows) < 12:
        return None
    (x, y), _ = cv2.minEnclosingCircle(np.column_stack([columns, rows]).astype(np.float32))
    return float(x), float(y)


def click_for(
    anchor: tuple[float, float], goal: tuple[float, float], direction: Direction, reach: float, tries: int
) -> tuple[float, float]:
    """The click that a supervisor of this kind makes."""
    camera = people_view.CAMERA
    cube = camera.to_workspace(np.array([anchor[0] * camera.width, anchor[1] * camera.height]))
    push = intended_push(cube, camera.to_workspace(np.array(goal)), direction)
    angle = np.pi / 4 * ((tries + 1) // 2) * (-1) ** tries if tries else 0.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    x, y = turn @ push * reach
    end = (anchor[0] + x, anchor[1] - y * camera.width / camera.height)
    return float(np.clip(end[0], 0, 1)), float(np.clip(end[1], 0, 1))


def attend(page: Page, over: threading.Event) -> None:
    """Confirm what hands have put right, and give back what stands still by itself."""
    while not over.is_set():
        time.sleep(1.0)
        for one in page.state.get("robots", []):
            if one["mode"] == "waiting_reset":
                page.command("put_right", one["robot"])
            elif one["presence"] == "stopped":
                page.command("set_aside", one["robot"], aside=False)


def accounts(log: Path) -> dict[str, tuple[str, str]]:
    """Role and number → name and password, as the demo prints them."""
    found: dict[str, tuple[str, str]] = {}
    for role, name, password in re.findall(
        r"^\s+(supervisor|technician|administrator)\s+(\S+) / (\S+)", log.read_text(), re.M
    ):
        found[f"{role} {sum(key.startswith(role) for key in found) + 1}"] = (name, password)
    return found


def done(data: Path) -> dict[str, int]:
    """Motions by what became of them."""
    with sqlite3.connect(f"file:{data / 'iifl.sqlite3'}?mode=ro", uri=True) as database:
        return dict(database.execute("select status, count(*) from fleets_motion group by status").fetchall())


def main() -> None:
    """Run it and print what came out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=150, help="motions of each arm")
    parser.add_argument("--factor", type=float, default=3.0, help="how much faster than real arms")
    parser.add_argument("--minutes", type=float, default=40.0, help="give up after so long")
    parser.add_argument("--out", type=Path, default=Path("out/yumi-protocol"))
    given = parser.parse_args()
    out = given.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    data, site, log = out / "var", out / "site", out / "demo.log"
    environment = {**os.environ, "IIFL_DATA": str(data), "OMP_NUM_THREADS": "1"}
    print(machine())
    processes = []
    over = threading.Event()
    try:
        with open(out / "site.log", "w") as text:
            site_command = [
                sys.executable,
                "-m",
                "robots.yumi.twin.site",
                str(site),
                "--factor",
                str(given.factor),
            ]
            processes.append(
                subprocess.Popen(site_command, cwd=ROOT, env=environment, stdout=text, stderr=text)
            )
        wait_for(lambda: (site / "fleet.toml").exists(), 180)
        demo = [str(ROOT / "iifl"), "demo", "--fleet", str(site / "fleet.toml"), "--supervisors", "2",
                "--people", "2", "--port", str(PORT), "--no-browser"]  # fmt: skip
        with open(log, "w") as text:
            processes.append(subprocess.Popen(demo, cwd=ROOT, env=environment, stdout=text, stderr=text))
        wait_for(lambda: "Ctrl-C\n\n" in log.read_text() or "stop            Ctrl-C" in log.read_text(), 600)
        people = accounts(log)
        pages = [Page(*people["supervisor 1"], "console"), Page(*people["supervisor 2"], "console")]
        technician = Page(*people["technician 1"], "station")
        kinds: tuple[Direction, Direction] = ("clockwise", "counterclockwise")
        for number, page in enumerate(pages):
            threading.Thread(target=supervise, args=(page, kinds[number], number, over), daemon=True).start()
        threading.Thread(target=attend, args=(technician, over), daemon=True).start()
        begun = time.monotonic()
        told = 0
        while (moved := done(data).get("done", 0)) < 4 * given.steps:
            if time.monotonic() - begun > 60 * given.minutes:
                print(f"gave up after {given.minutes:g} minutes")
                break
            if moved // 100 > told:
                told = moved // 100
                print(f"{moved} of {4 * given.steps} motions, {time.monotonic() - begun:.0f} s", flush=True)
            time.sleep(1.0)
        took = time.monotonic() - begun
        metrics = technician.state["metrics"]
        over.set()
        time.sleep(1.0)
        report(metrics, done(data), pages, took, given, out, site)
    finally:
        over.set()
        for process in reversed(processes):
            process.send_signal(signal.SIGINT)
        for process in processes:
            process.wait(timeout=60)


def report(
    metrics: dict[str, float],
    motions: dict[str, int],
    pages: list[Page],
    took: float,
    given: Any,
    out: Path,
    site: Path,
) -> None:
    figures = {
        name: metrics[name]
        for name in (
            "successes",
            "autonomous_successes",
            "hard_resets",
            "human_actions",
            "rohe",
            "rohe_released",
        )
    }
    what = f"{given.steps} steps of four arms, {took:.0f} s at {given.factor:g} times their speed"
    print(f"\n| {what} | here | paper, IIFL |")
    print("|---|---:|---:|")
    for name, value in figures.items():
        print(f"| {name} | {value:.4g} | {PAPER.get(name, '')} |")
    print(f"\nmotions: {motions}; commands of people: {[page.counts for page in pages]}")
    each = motions.get("done", 0) / 4 / (took * given.factor / 60)
    print(f"motions of an arm in a minute of its own time: {each:.1f}")
    write_json(
        out / "results.json", {"figures": figures, "motions": motions, "took_s": took, "machine": machine()}
    )


def wait_for(holds: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if holds():
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing after {seconds} s")
        time.sleep(0.2)


if __name__ == "__main__":
    main()
