"""Any folder may hold the data; one that cannot is named with the mend; what is inside is private."""

import asyncio
import os
import re
import sqlite3
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import kombu
import pytest
import redis
import redis.asyncio
from celery import Celery

from iifl_server.brokers import socket_path, socket_urls
from iifl_server.data_folder import INSIDE, make_private, prepare, secret_key
from iifl_server.environment import LONGEST_SOCKET_PATH
from iifl_server.processes.children import Children
from iifl_server.processes.valkey import start_valkey

ROOT = Path(__file__).parents[2]
NASTY = [
    "plain",
    "a#b",
    "a?b",
    "a%2Fb",
    "a%b",
    "with blanks",
    'it\'s "quoted"',
    "$HOME & ;x \\ `y`",
    "-dash",
    "naïve-日本",
    "trailing/",
    "a" * 120,
    "u:p@host:1",
]


@pytest.mark.parametrize("name", NASTY)
def test_settings_keep_the_database_inside_whatever_the_folder_is_called(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    code = (
        "import django; django.setup()\n"
        "from django.db import connection\n"
        "connection.ensure_connection(); print(connection.settings_dict['NAME'])"
    )
    answer = python(code, f"{tmp_path}/{name}")
    assert answer.returncode == 0, answer.stderr
    assert Path(answer.stdout.strip()) == folder / "iifl.sqlite3"
    assert {path.name.partition("-")[0] for path in folder.iterdir()} <= {
        "iifl.sqlite3",
        "secret_key",
        "secret_key.lock",
    }
    assert [path.name for path in tmp_path.iterdir()] == [name.rstrip("/")]


def test_a_relative_folder_is_the_same_for_processes_elsewhere(tmp_path: Path) -> None:
    child = "from iifl_server import settings; print(settings.DATA)"
    code = (
        f"import subprocess, sys\n{child}\nsys.stdout.flush()\n"
        f"subprocess.check_call([sys.executable, '-c', {child!r}], cwd='/')"
    )
    answer = python(code, "some/where", cwd=tmp_path)
    assert set(answer.stdout.split()) == {str(tmp_path / "some" / "where")}, answer.stderr


@pytest.mark.slow(2)
@pytest.mark.parametrize("name", [name for name in NASTY if "/" not in name])
def test_everybody_finds_the_brokers_socket_whatever_its_folder_is_called(tmp_path: Path, name: str) -> None:
    children = Children(tmp_path / "logs")
    try:
        socket = start_valkey(children, tmp_path / name)
        urls = socket_urls(socket)
        assert redis.Redis.from_url(urls.live).ping()

        async def ping() -> bool:
            async with redis.asyncio.Redis.from_url(urls.layer) as client:
                return bool(await client.ping())

        assert asyncio.run(ping())
        with kombu.Connection(urls.celery) as connection:
            queue = connection.SimpleQueue("x")
            queue.put("y")
            assert queue.get(timeout=20).payload == "y"
            queue.close()
        results = Celery(broker=urls.celery, backend=urls.results, set_as_current=False).backend
        results.set("x", b"z")
        assert results.get("x") == b"z"
    finally:
        children.stop_all()
    assert (tmp_path / name / "appendonlydir").is_dir()


def test_a_socket_whose_path_is_too_long_lies_in_a_short_private_folder(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 120)
    assert len(os.fsencode(socket_path(long))) <= LONGEST_SOCKET_PATH
    assert socket_path(long) != socket_path(tmp_path / ("y" * 120))
    assert socket_path(Path("/short")) == Path("/short/valkey.sock")


def test_a_folder_that_cannot_be_used_is_named_with_the_mend(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.touch()
    link.symlink_to(tmp_path / "gone")
    for path, words in (
        (file, "a file where a folder belongs"),
        (file / "below", "a file where a folder belongs"),
        (link, "a link to .* which is not there"),
        (tmp_path / ("x" * 300), "cannot be made"),
    ):
        with_mend = prepare(path, must_exist=False)
        assert re.search(words, with_mend), with_mend
        assert "set IIFL_DATA to a folder of your own" in with_mend
    assert prepare(tmp_path, must_exist=False) == ""


@pytest.mark.parametrize("name", [*INSIDE, "iifl.sqlite3", "secret_key"])
def test_what_lies_in_the_way_inside_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.touch() if name in INSIDE else path.mkdir()
    assert "move it away" in prepare(tmp_path, must_exist=False)
    assert str(path) in prepare(tmp_path, must_exist=False)


def test_a_folder_that_is_away_is_not_made_anew(tmp_path: Path) -> None:
    assert "is away; put it back" in prepare(tmp_path / "unmounted", must_exist=True)
    assert not (tmp_path / "unmounted").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_somebody_elses_folder_is_named() -> None:
    folder = Path(tempfile.mkdtemp(prefix="iifl-test-"))
    folder.chmod(0o755)
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.setuid(65534)
        os.write(writing, prepare(folder, must_exist=False).encode())
        os._exit(0)
    os.waitpid(child, 0)
    folder.rmdir()
    assert "cannot be written; give yourself the right" in os.read(reading, 1000).decode()


def test_an_empty_or_cut_key_is_made_anew_once_for_all_processes(tmp_path: Path) -> None:
    for left in ("", "cut"):
        (tmp_path / "secret_key").write_text(left)
        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(lambda _: secret_key(tmp_path), range(16)))
        assert len(keys) == 1
        assert len(keys.pop()) > 40
        assert mode(tmp_path / "secret_key") == 0o600


def test_a_folder_that_everybody_may_see_still_has_a_private_database(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    sqlite3.connect(tmp_path / "iifl.sqlite3").close()
    (tmp_path / "iifl.sqlite3").touch()
    (tmp_path / "iifl.sqlite3").chmod(0o644)
    code = (
        "import django; django.setup()\n"
        "from django.core.management import call_command; call_command('migrate', verbosity=0)"
    )
    assert python(code, str(tmp_path)).returncode == 0
    assert mode(tmp_path) == 0o755
    for path in tmp_path.glob("iifl.sqlite3*"):
        assert mode(path) == 0o600, path
    folder = tmp_path / "logs"
    folder.mkdir(mode=0o755)
    Children(folder)
    assert mode(folder) == 0o700
    make_private(folder)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def python(code: str, data: str, *, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    named = {"IIFL_DATA": data, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "iifl_server.settings"}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, **named},
        capture_output=True,
        text=True,
        check=False,
    )
