"""The agent as a process beside a simulated robot, and what it says before it starts."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from yumi_twin import twin, until

from robots.remote.framing import Packet, Splitter, encode
from robots.remote.limits import LimitError
from robots.remote.messages import Act, Beat, Hello, Observe, Request, Stop, request_packet
from robots.remote.replies import Answer, Event, Failure, read_reply
from robots.remote.side import SideError
from robots.yumi import agent
from robots.yumi.credentials import Credentials, find_credentials
from robots.yumi.limits_file import read_limits
from robots.yumi.twin.station import Station

LIMITS = """
workspace = [-0.26, -0.26, 0.26, 0.26]
max_speed = 0.15
longest = 0.12
half_width = 0.025
"""


class Driver:
    """An agent in a process of its own, spoken to as the driver does, over pipes in place of SSH."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
        self._packets = self._read()
        self._numbers = itertools.count(1)
        self._events: list[Event] = []

    def ask(self, request: Request) -> Answer | Failure:
        """A request and its answer; events in between are kept for `event`."""
        number = next(self._numbers)
        assert self.process.stdin is not None
        self.process.stdin.write(encode(request_packet(number, request)))
        self.process.stdin.flush()
        while True:
            reply = next(self._packets)
            if isinstance(reply, Event):
                self._events.append(reply)
            elif reply.number == number:
                return reply

    def event(self, kind: str) -> Event:
        """The next event of a kind; those before it are passed over."""
        while self._events:
            if (event := self._events.pop(0)).kind == kind:
                return event
        return next(reply for reply in self._packets if isinstance(reply, Event) and reply.kind == kind)

    def ready(self) -> dict[str, Any]:
        """The state, once robot and camera are."""
        while True:
            told = self.ask(Beat())
            assert isinstance(told, Answer)
            if told.fields["ready"] == "yes" and not told.fields["camera"]:
                return dict(told.fields)
            time.sleep(0.05)

    def end(self) -> int:
        """The exit code after the link is cut."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(30.0)

    def _read(self) -> Iterator[Answer | Failure | Event]:
        assert self.process.stdout is not None
        splitter = Splitter()
        while data := os.read(self.process.stdout.fileno(), 65536):
            for packet in splitter.feed(data):
                yield read_reply(Packet(packet.header, packet.payload))


@contextmanager
def driving(station: Station, folder: Path, *options: str) -> Iterator[Driver]:
    """An agent of the left arm."""
    (folder / "limits.toml").write_text(LIMITS)
    secret = folder / "secret"
    secret.write_text(f"{station.credentials.user}\n{station.credentials.password}\n")
    secret.chmod(0o600)
    command = [sys.executable, "-m", "robots.yumi.agent", "--arm", "left"]
    command += ["--controller", station.addresses.controller, "--camera", station.addresses.cameras["left"]]
    command += ["--limits", str(folder / "limits.toml"), "--state-folder", str(folder / "state"), *options]
    driver = Driver(command, {**os.environ, "IIFL_YUMI_CREDENTIALS": str(secret)})
    try:
        yield driver
    finally:
        with suppress(OSError):
            driver.end()
        for pipe in (driver.process.stdout, driver.process.stderr):
            assert pipe is not None
            pipe.close()


def act(driver: Driver, motion: str, session: str, speed: float = 0.1) -> Act:
    now = float(driver.ready()["clock"])
    return Act(motion, session, (0.08, 0.0), (0.14, 0.0), speed, now + 5.0, 6.0)


def test_an_agent_sees_moves_stops_and_ends_with_its_driver(tmp_path: Path) -> None:
    with twin() as station, driving(station, tmp_path, "--watchdog", "20") as driver:
        hello = driver.ask(Hello("a test"))
        assert isinstance(hello, Answer)
        session = hello.fields["session"]
        order = act(driver, "first", session)
        seen = driver.ask(Observe())
        assert isinstance(seen, Answer)
        assert seen.payload.startswith(b"\xff\xd8")
        assert isinstance(driver.ask(order), Answer)
        assert driver.event("ended").fields["ended"] == "done"
        assert station.state()["arms"]["left"]["executed"] == [1]
        assert isinstance(driver.ask(order), Failure)
        slow = act(driver, "second", session, speed=0.0001)
        assert isinstance(driver.ask(slow), Answer)
        until(lambda: station.worlds["left"].scene().tool)
        assert isinstance(driver.ask(Stop("a test stops it")), Answer)
        assert driver.event("ended").fields["ended"] == "cut"
        standing = station.worlds["left"].scene()
        assert driver.end() == 0
        assert station.worlds["left"].scene() == standing
        assert station.irc5.running


def test_an_arm_whose_driver_goes_away_is_stopped(tmp_path: Path) -> None:
    with twin() as station, driving(station, tmp_path, "--watchdog", "20") as driver:
        hello = driver.ask(Hello("a test"))
        assert isinstance(hello, Answer)
        assert isinstance(driver.ask(act(driver, "first", hello.fields["session"], 0.0001)), Answer)
        until(lambda: station.worlds["left"].scene().tool)
        driver.end()
        standing = station.worlds["left"].scene()
        time.sleep(0.2)
        assert station.worlds["left"].scene() == standing
        assert station.irc5.running


def test_a_dry_run_checks_and_moves_nothing(tmp_path: Path) -> None:
    with twin() as station, driving(station, tmp_path, "--dry-run", "--start-program") as driver:
        station.provoke("stop_program")
        hello = driver.ask(Hello("a test"))
        assert isinstance(hello, Answer)
        station.provoke("press_start")
        answer = driver.ask(act(driver, "first", hello.fields["session"]))
        assert isinstance(answer, Failure)
        assert "dry run" in answer.sentence
        assert station.state()["arms"]["left"]["executed"] == []


def test_a_check_tells_how_robot_and_camera_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "limits.toml").write_text(LIMITS)
    with twin() as station:
        station.cameras()  # Made here, since that takes longer than a picture may.
        monkeypatch.setenv("IIFL_YUMI_USER", station.credentials.user)
        monkeypatch.setenv("IIFL_YUMI_PASSWORD", station.credentials.password)
        line = ["--arm", "left", "--controller", station.addresses.controller, "--check"]
        line += ["--camera", station.addresses.cameras["left"], "--limits", str(tmp_path / "limits.toml")]
        line += ["--state-folder", str(tmp_path / "state")]
        assert agent.main(line) == 0
        assert "ready: yes" in capsys.readouterr().out
        station.provoke("stop_program")
        assert agent.main([*line, "--start-program"]) == 0
        assert "program: running" in capsys.readouterr().out
        station.provoke("motors_off")
        assert agent.main(line) == agent.UNUSABLE
        assert "motors" in capsys.readouterr().out
        assert agent.main([*line, "--robotware", "8"]) == agent.UNUSABLE
        assert "have not been tried" in capsys.readouterr().err


def test_a_command_line_without_credentials_ends_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("IIFL_YUMI_USER", "IIFL_YUMI_PASSWORD", "IIFL_YUMI_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "limits.toml").write_text(LIMITS)
    line = ["--arm", "left", "--controller", "http://127.0.0.1:9", "--camera", "0"]
    line += ["--limits", str(tmp_path / "limits.toml"), "--state-folder", str(tmp_path)]
    assert agent.main(line) == agent.UNUSABLE
    assert "There are no credentials" in capsys.readouterr().err
    assert "--password" not in agent.parser().format_help()


def test_the_agent_needs_few_packages() -> None:
    heavy = ("torch", "django", "asyncssh", "pymunk", "mujoco", "gymnasium", "matplotlib")
    code = f"import sys, robots.yumi.agent; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_credentials_come_from_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("operator\npass word\n")
    path.chmod(0o600)
    assert find_credentials(path, {}) == Credentials("operator", "pass word")
    assert find_credentials(None, {"IIFL_YUMI_CREDENTIALS": str(path)}).user == "operator"
    assert "pass word" not in repr(find_credentials(path, {}))
    path.chmod(0o644)
    with pytest.raises(SideError, match="chmod 600"):
        find_credentials(path, {})
    path.chmod(0o600)
    path.write_text("operator\n")
    with pytest.raises(SideError, match="has 1 lines"):
        find_credentials(path, {})
    with pytest.raises(SideError, match="cannot be read"):
        find_credentials(tmp_path / "none", {})
    with pytest.raises(SideError, match="without a colon"):
        find_credentials(None, {"IIFL_YUMI_USER": "a:b", "IIFL_YUMI_PASSWORD": "c"})


def test_limits_are_read_and_what_does_not_fit_is_named(tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(LIMITS + "keep_out = [[-0.05, -0.05, 0.05, 0.05]]\n")
    limits = read_limits(path)
    assert (limits.max_speed, limits.longest, limits.half_width) == (0.15, 0.12, 0.025)
    assert limits.workspace.left == -0.26
    assert limits.keep_out[0].right == 0.05
    for text, words in (
        ("", "half_width, longest, max_speed, workspace missing"),
        (LIMITS + "fastest = 1\n", "fastest"),
        (LIMITS.replace("0.15", "'quick'"), "max_speed is 'quick'"),
        (LIMITS.replace("0.15", "-1"), "max_speed is -1"),
        (LIMITS.replace("[-0.26, ", "["), "must be 4 numbers: left, bottom, right, top"),
        (LIMITS + "keep_out = 3\n", "keep_out is 3"),
        ("workspace = ", "cannot be read"),
    ):
        path.write_text(text)
        with pytest.raises(LimitError, match=words):
            read_limits(path)


def test_a_twin_in_a_process_of_its_own_is_played_with_from_outside(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    process = subprocess.Popen(
        [sys.executable, "-m", "robots.yumi.twin", "--credentials", str(secret), "--attached"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin as stdin, process.stdout as stdout:
        told = json.loads(stdout.readline())
        assert "password" not in told
        assert len(secret.read_text().splitlines()) == 2
        with requests.Session() as session:
            session.trust_env = False
            desk = told["desk"]
            assert session.post(f"{desk}/hands?arm=left&x=-0.1&y=0.1&yaw=0.5").ok
            assert session.post(f"{desk}/provoke?fault=motors_off").ok
            state = session.get(f"{desk}/state").json()
            assert state["arms"]["left"]["cube"] == [-0.1, 0.1, 0.5]
            assert state["state"] == "motoroff"
            assert session.get(told["cameras"]["right"]).content.startswith(b"\xff\xd8")
            wrong = session.post(f"{desk}/provoke?fault=earthquake")
            assert wrong.status_code == 400
            assert "There is no fault 'earthquake'" in wrong.text
            assert session.post(f"{desk}/hands?arm=middle&x=0&y=0&yaw=0").status_code == 400
            assert session.get(f"{desk}/nothing").status_code == 404
        stdin.close()
        assert process.wait(30.0) == 0
