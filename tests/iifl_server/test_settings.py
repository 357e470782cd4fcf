"""Settings come from the environment, are refused when they make no sense, and are all written down."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def load(data: Path, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"from iifl_server import settings\n{code}"],
        cwd=ROOT,
        env={**os.environ, "IIFL_DATA": str(data), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_setting_is_in_the_documents() -> None:
    described = (ROOT / "docs" / "settings.md").read_text()
    used = set()
    for source in (*(ROOT / "iifl_server").rglob("*.py"), *(ROOT / "robots").rglob("*.py")):
        used |= set(re.findall(r'"(IIFL_[A-Z_]+|DATABASE_URL|MUJOCO_GL)"', source.read_text()))
    assert len(used) > 10
    assert {name for name in used if f"`{name}`" not in described} == set()


def test_a_secret_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = load(tmp_path, "print(settings.SECRET_KEY)").stdout
    assert len(first) > 40
    assert load(tmp_path, "print(settings.SECRET_KEY)").stdout == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_broker_of_ones_own_replaces_the_socket(tmp_path: Path) -> None:
    code = "print(settings.BROKERS.celery, settings.BROKERS.frames)"
    urls = {"IIFL_BROKER_URL": "redis://one:6379/0", "IIFL_FRAMES_URL": "redis://two:6379/0"}
    assert load(tmp_path, code, **urls).stdout.split() == list(urls.values())


@pytest.mark.parametrize("name", ["IIFL_DEBUG", "IIFL_HTTPS"])
def test_a_flag_is_0_or_1(tmp_path: Path, name: str) -> None:
    answer = load(tmp_path, "", **{name: "maybe"})
    assert answer.returncode != 0
    assert f"{name} is 'maybe'; valid is 0 or 1" in answer.stderr


def test_nothing_accepts_pickle(tmp_path: Path) -> None:
    code = (
        "from iifl_server.celery import app; print(list(app.conf.accept_content), app.conf.task_serializer)"
    )
    assert load(tmp_path, code).stdout.strip() == "['msgpack'] msgpack"
