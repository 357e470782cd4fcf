"""Every variable that is set to something that is not valid gets a sentence, from every command."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from iifl_server.environment import VARIABLES, complaints, unknown

ROOT = Path(__file__).parents[2]
BAD = [
    ("IIFL_DATA", "two\nlines"),
    ("IIFL_DATA", "\udcff"),
    ("IIFL_DATA_MUST_EXIST", "yes"),
    ("DATABASE_URL", "mysql://here/name"),
    ("DATABASE_URL", "postgres://u:p@host:port/name"),
    ("DATABASE_URL", "nonsense"),
    ("DATABASE_URL", "sqlite:////tmp/a#b.sqlite3"),
    ("IIFL_BROKER_SOCKET", "/" + "x" * 200),
    ("IIFL_BROKER_URL", "amqp://host"),
    ("IIFL_BROKER_URL", "redis://host:sixthousand"),
    ("IIFL_BROKER_URL", "localhost:6379"),
    ("IIFL_FRAMES_URL", "redis://"),
    ("IIFL_ALLOWED_HOSTS", "http://robots.example"),
    ("IIFL_ALLOWED_HOSTS", "robots.example:8000"),
    ("IIFL_ALLOWED_HOSTS", "two names"),
    ("IIFL_ALLOWED_HOSTS", "::1"),
    ("IIFL_TRUSTED_ORIGINS", "robots.example"),
    ("IIFL_TRUSTED_ORIGINS", "https://robots.example/path"),
    ("IIFL_HTTPS", "true"),
    ("IIFL_DEBUG", "2"),
    ("IIFL_LOG_LEVEL", "LOUD"),
    ("IIFL_STATIC_ROOT", __file__),
    ("IIFL_SHIPPED", "/no/such/folder"),
    ("IIFL_TRAINING_THREADS", "0"),
    ("IIFL_TRAINING_THREADS", "-1"),
    ("IIFL_TRAINING_THREADS", "many"),
    ("IIFL_TRAINING_THREADS", "1e400"),
    ("IIFL_SCHEMATIC", "on"),
    ("IIFL_ISAACGYM_PYTHON", "/no/such/python"),
    ("OMP_NUM_THREADS", "all"),
    ("OMP_NUM_THREADS", "2,none"),
]
GOOD = {
    "IIFL_DATA": "/tmp/a b#c?%2F'é\"",
    "DATABASE_URL": "postgres://user:p%40ss@host:5432/name",
    "IIFL_BROKER_URL": "rediss://:secret@host:6380/1",
    "IIFL_FRAMES_URL": "unix:///run/frames.sock",
    "IIFL_ALLOWED_HOSTS": "robots.example, .example.org,[::1],127.0.0.1,*",
    "IIFL_TRUSTED_ORIGINS": "https://robots.example:8443,http://10.0.0.1",
    "IIFL_LOG_LEVEL": "debug",
    "IIFL_TRAINING_THREADS": "4",
    "OMP_NUM_THREADS": "4,2",
    "IIFL_SECRET_KEY": "k" * 50,
}


@pytest.mark.parametrize(("name", "text"), BAD)
def test_a_value_that_is_not_valid_is_named_with_what_is(name: str, text: str) -> None:
    (sentence,) = complaints({name: text})
    assert sentence.startswith(f"{name} is ")
    assert "valid is" in sentence
    assert "\n" not in sentence


def test_what_is_valid_or_empty_passes() -> None:
    assert complaints(GOOD) == []
    assert complaints(dict.fromkeys(VARIABLES, "")) == []


def test_no_secret_is_printed() -> None:
    told = complaints({"IIFL_SECRET_KEY": "hush", "DATABASE_URL": "mysql://me:hush@host/name"})
    assert len(told) == 2
    assert "hush" not in "".join(told)


def test_misspelt_names_are_found() -> None:
    assert unknown({"IIFL_DATE": "x", "IIFL_DATA": "y", "PATH": "z"}) == ["IIFL_DATE"]


def test_every_variable_is_documented_and_every_documented_one_is_checked() -> None:
    described = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(), re.M))
    assert set(VARIABLES) == described


@pytest.mark.parametrize("command", ["simulate", "migrate", "demo", "worker", "serve"])
def test_every_command_says_it_in_a_sentence_and_ends_with_2(tmp_path: Path, command: str) -> None:
    wrong = {"IIFL_LOG_LEVEL": "LOUD", "IIFL_DEBUG": "maybe"}
    answer = manage(command, IIFL_DATA=str(tmp_path / "data"), **wrong)
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr
    assert [line.split(" is ")[0] for line in answer.stderr.splitlines()] == [
        "iifl: IIFL_DEBUG",
        "iifl: IIFL_LOG_LEVEL",
    ]


def test_the_doctor_tells_all_that_is_wrong_and_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    answer = manage("doctor", IIFL_DATA=str(file), IIFL_LOG_LEVEL="LOUD", IIFL_DATE="x")
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr + answer.stdout
    for words in (
        "IIFL_LOG_LEVEL is 'LOUD'",
        "a file where a folder belongs",
        "IIFL_DATE is set",
        "chromium",
    ):
        assert words in answer.stdout


def manage(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
