"""What `./iifl demo` survives: killed workers, a killed launcher, a second instance, a taken port."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from running_demo import ROOT, Demo, eventually, free_port, start_demo

pytestmark = [pytest.mark.browser, pytest.mark.slow(30)]


@pytest.fixture
def own(tmp_path: Path, untrained: Path) -> Iterator[Demo]:
    demo = start_demo(tmp_path / "var", untrained, "--pace", "0.2")
    yield demo
    demo.stop()


def attempt(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "demo", "--no-browser", *arguments],
        env={**os.environ, "IIFL_DATA": str(data)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_worker_killed_while_training_is_replaced_and_the_fleet_never_waits(own: Demo) -> None:
    newest = "SELECT status, attempt, progress FROM learning_retraining ORDER BY id DESC LIMIT 1"
    eventually("training begins", lambda: any(row[0] == "running" for row in own.rows(newest)), 90)
    worker = own.child("worker", "training")
    assert worker is not None
    worker.kill()
    own.train_shortly()
    step = own.step()
    eventually("the fleet goes on while nobody trains", lambda: own.step() >= step + 10, 20)
    eventually("another attempt is under way", lambda: own.rows(newest)[0][1] >= 2, 90)
    version = own.rows("SELECT max(version) FROM learning_checkpoint")[0][0]
    eventually(
        "new weights are delivered",
        lambda: own.rows("SELECT max(version) FROM learning_checkpoint")[0][0] > version,
        240,
    )


def test_a_killed_inference_worker_holds_the_fleet_still_and_then_lets_it_go_on(own: Demo) -> None:
    eventually("the fleet runs", lambda: own.step() > 3)
    worker = own.child("worker", "inference")
    assert worker is not None
    worker.kill()
    step = own.step()
    eventually("the fleet goes on with a new worker", lambda: own.step() > step + 5, 60)


def test_a_killed_runner_goes_on_from_its_last_step(own: Demo) -> None:
    eventually("the fleet runs", lambda: own.step() > 5)
    runner = own.child("runner")
    assert runner is not None
    step = own.step()
    runner.kill()
    eventually("a new runner drives the same run", lambda: own.step() > step + 5, 60)
    steps = [row[0] for row in own.rows("SELECT step FROM fleets_runstep ORDER BY step")]
    assert steps == list(range(steps[0], steps[0] + len(steps)))


def test_a_killed_launcher_leaves_no_orphan_and_the_next_start_goes_on(own: Demo, untrained: Path) -> None:
    children = psutil.Process(own.process.pid).children(recursive=True)
    assert len(children) >= 5
    eventually("the fleet runs", lambda: own.step() > 3)
    own.process.kill()
    own.process.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    step = own.step()
    again = start_demo(own.data, untrained, "--pace", "0.2")
    try:
        eventually("the same run goes on", lambda: again.step() > step)
        assert again.rows("SELECT count(*) FROM fleets_run") == [(1,)]
        assert again.accounts == own.accounts
    finally:
        assert again.stop() == 0


def test_a_closed_terminal_stops_every_process(own: Demo) -> None:
    children = psutil.Process(own.process.pid).children(recursive=True)
    own.process.send_signal(signal.SIGHUP)
    assert own.process.wait(30) == 0
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []


def test_a_second_instance_on_the_same_data_is_refused(own: Demo) -> None:
    refused = attempt(own.data, "--port", str(free_port()))
    assert refused.returncode == 1
    assert f"process {own.process.pid}" in refused.stderr
    assert "IIFL_DATA" in refused.stderr
    assert "Traceback" not in refused.stderr
    with urllib.request.urlopen(f"{own.address}/healthz", timeout=5) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--robots", "0"], "'0' is not valid; valid is a whole number from 1 to 1000"),
        (["--robots", "2", "--supervisors", "3"], "--supervisors 3 is more than --robots 2"),
        (["--people", "3"], "--people 3 is more than --supervisors 2"),
        (["--task", "juggling"], "juggling"),
        (["--pace", "-1"], "'-1' is not valid; valid is a number above 0 to 10"),
    ],
)
def test_bad_usage_is_refused_with_what_is_valid(tmp_path: Path, arguments: list[str], named: str) -> None:
    refused = attempt(tmp_path, *arguments)
    assert refused.returncode == 2
    assert named in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_taken_port_is_named_with_one_that_is_free(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = attempt(tmp_path, "--port", str(port))
    assert refused.returncode == 1
    assert f"port {port}" in refused.stderr
    assert "--port" in refused.stderr
