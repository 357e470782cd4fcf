"""The launcher before it has an environment, and the commands as a user calls them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_alone_it_prints_help_and_makes_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "iifl"
    shutil.copy(ROOT / "iifl", copy)
    shown = subprocess.run([sys.executable, copy], capture_output=True, text=True, timeout=30)
    assert shown.returncode == 0
    assert "./iifl COMMAND --help" in shown.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["iifl"]


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


def test_a_failed_installation_says_why_and_how_to_mend_it(tmp_path: Path) -> None:
    for name in ("iifl", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "requirements.txt").write_text("no-such-package-of-iifl==1\n")
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_RETRIES": "0"}
    failed = subprocess.run(
        [sys.executable, tmp_path / "iifl", "demo"],
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
