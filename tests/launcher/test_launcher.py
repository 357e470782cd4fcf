"""The launcher before it has an environment, and the commands as a user calls them."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from iifl_server.management.arguments import COMMANDS

ROOT = Path(__file__).resolve().parents[2]


def call(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "iifl"), *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The launcher of a clone in which nothing is installed yet."""
    kept = ("iifl", "requirements.txt", "requirements-dev.txt", "iifl_server/__init__.py")
    kept += ("iifl_server/names.py", "iifl_server/management/__init__.py")
    for name in kept:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    arguments = "iifl_server/management/arguments"
    shutil.copytree(ROOT / arguments, tmp_path / arguments)
    return tmp_path


@pytest.mark.parametrize("words", [[], ["--help"], *([command, "--help"] for command in COMMANDS)])
def test_help_needs_nothing_installed_and_makes_nothing(bare: Path, words: list[str]) -> None:
    isolated = [sys.executable, "-I", "-S", str(bare / "iifl"), *words]
    shown = subprocess.run(isolated, capture_output=True, text=True, timeout=30, check=False)
    assert shown.returncode == 0, shown.stderr
    assert "usage: ./iifl" in shown.stdout
    assert not (bare / ".venv").exists()


@pytest.mark.parametrize("words", [["simulate", "juggling"], ["demo", "--robots", "0"], ["test", "--quick"]])
def test_bad_usage_is_refused_before_anything_is_installed(bare: Path, words: list[str]) -> None:
    isolated = [sys.executable, "-I", "-S", str(bare / "iifl"), *words]
    refused = subprocess.run(isolated, capture_output=True, text=True, timeout=30, check=False)
    assert refused.returncode == 2
    assert not (bare / ".venv").exists()


def test_an_unknown_command_is_bad_usage_and_names_the_valid_ones() -> None:
    refused = call("dmeo")
    assert refused.returncode == 2
    assert "'dmeo'" in refused.stderr
    assert "demo" in refused.stderr


@pytest.mark.parametrize(
    "command", ["demo", "test", "simulate", "benchmark", "train-policy", "doctor", "worker"]
)
def test_every_command_has_help_from_any_folder(command: str, tmp_path: Path) -> None:
    shown = call(command, "--help", cwd=tmp_path, IIFL_DATA=str(tmp_path / "var"))
    assert shown.returncode == 0, shown.stderr
    assert f"usage: ./iifl {command}" in shown.stdout
    assert "--settings" not in shown.stdout


@pytest.mark.slow(4)
def test_a_failed_installation_says_why_and_how_to_mend_it(bare: Path) -> None:
    (bare / "requirements.txt").write_text("no-such-package-of-iifl==1\n")
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_RETRIES": "0"}
    failed = subprocess.run(
        [sys.executable, bare / "iifl", "demo"],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert failed.returncode == 1
    assert "installing failed" in failed.stderr
    assert "no-such-package-of-iifl" in failed.stderr
    assert "call again" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_an_unknown_task_is_named_with_the_valid_ones(tmp_path: Path) -> None:
    refused = call("simulate", "juggling", "--out", str(tmp_path), IIFL_DATA=str(tmp_path / "var"))
    assert refused.returncode == 2
    assert "juggling" in refused.stderr
    assert "block_push" in refused.stderr
    assert "Traceback" not in refused.stderr


def processes_of(folder: Path) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode()
            found += [line] if str(folder) in line else []
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.slow(3)
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_a_set_up_that_is_ended_leaves_no_process_that_the_next_one_does_not_wait_for(
    bare: Path, number: signal.Signals
) -> None:
    words = [sys.executable, str(bare / "iifl"), "doctor"]
    environment = {**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_RETRIES": "0"}
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline().startswith("Making the environment")
        while len(processes_of(bare)) < 2:
            assert first.poll() is None
            time.sleep(0.01)
        first.send_signal(number)
        first.wait(30)
    if number != signal.SIGKILL:
        assert first.returncode == 128 + number
        deadline = time.monotonic() + 10
        while processes_of(bare):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as second:
        assert second.stdout is not None
        assert second.stdout.readline().startswith("Another ./iifl is setting up")
        second.send_signal(signal.SIGINT)
        assert second.wait(60) == 130
