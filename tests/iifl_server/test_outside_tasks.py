"""A task that somebody else's package brings, from the command line, in processes of their own."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tests" / "outside_package"
SIZES = ["--robots", "4", "--supervisors", "2", "--steps", "30"]
CALIBRATION = ["--robots", "5", "--steps", "10"]
Answer = subprocess.CompletedProcess[str]
Call = Callable[..., Answer]


def environment(path: Path, data: Path) -> dict[str, str]:
    return {**os.environ, "IIFL_DATA": str(data), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(path)}


def call_with(path: Path, data: Path, *words: str) -> Answer:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        capture_output=True, text=True, env=environment(path, data), check=False, timeout=240,
    )  # fmt: skip


@pytest.fixture(scope="module")
def data(rails: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which the policies of `cart` were made, by the place of the task."""
    folder = tmp_path_factory.mktemp("data")
    made = call_with(rails, folder, "train-policy", "rails.tasks:CART", *CALIBRATION)
    assert made.returncode == 0, made.stderr
    assert "implicit: held-out action error" in made.stdout
    return folder


@pytest.fixture
def call(rails: Path, data: Path) -> Call:
    return lambda *words: call_with(rails, data, *words)


@pytest.mark.slow(20)
def test_weights_of_a_registered_task_lie_under_its_name_however_it_was_called(data: Path) -> None:
    folder = data / "weights" / "cart"
    assert {path.name for path in folder.glob("*.safetensors")} == {
        "policy.safetensors",
        "cloning.safetensors",
    }
    assert json.loads((folder / "policy.json").read_text())["task"] == "cart"


@pytest.mark.slow(25)
def test_a_run_by_name_and_by_place_is_the_same(call: Call, tmp_path: Path) -> None:
    results = []
    for reference in ("cart", "rails.tasks:CART"):
        out = tmp_path / reference.replace(":", "-")
        answer = call("simulate", reference, *SIZES, "--out", str(out))
        assert answer.returncode == 0, answer.stderr
        assert "training it once" not in answer.stderr
        assert "uncertainty_threshold" in answer.stdout
        metrics = json.loads((out / "metrics.json").read_text())
        results.append({name: value for name, value in metrics.items() if not name.endswith("_s")})
    assert results[0] == results[1]
    assert (results[0]["task"], results[0]["backend"]) == ("cart", "own")
    again = call("simulate", "cart", *SIZES, "--out", str(tmp_path / "cart"))
    assert again.returncode == 0


@pytest.mark.slow(25)
def test_a_task_that_is_not_registered_is_named_by_its_place_in_folders_too(
    call: Call, data: Path, tmp_path: Path
) -> None:
    there = "rails.tasks:THERE"
    out = ["--out", str(tmp_path / "run")]
    answer = call("simulate", there, *SIZES, *out)
    assert answer.returncode == 0, answer.stderr
    assert (data / "weights" / "rails.tasks@THERE" / "policy.safetensors").exists()
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["task"] == there


@pytest.mark.slow(25)
def test_a_run_of_robots_that_are_there_goes_on_after_it_was_killed(
    rails: Path, data: Path, tmp_path: Path
) -> None:
    words = ["simulate", "rails.tasks:THERE", *SIZES[:4], "--steps", "120", "--out", str(tmp_path)]
    with (tmp_path / "said").open("w") as said:
        run = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *words], env=environment(rails, data), stderr=said
        )
    deadline = time.monotonic() + 120
    while not (tmp_path / "resume-before.npz").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    run.kill()
    run.wait(30)
    with np.load(tmp_path / "resume-before.npz") as saved:
        before = json.loads(saved["plain"].tobytes())
    assert 0 < before["state"]["step"] < 120
    answer = call_with(rails, data, *words)
    assert answer.returncode == 0, answer.stderr
    rows = (tmp_path / "metrics.csv").read_text().splitlines()
    assert len(rows) == 1 + 120
    assert rows[before["state"]["step"]].startswith(f"{before['state']['step']},")
    assert json.loads((tmp_path / "metrics.json").read_text())["steps"] == 120


@pytest.mark.slow(60)
def test_a_benchmark_runs_the_six_arms(call: Call, tmp_path: Path) -> None:
    answer = call("benchmark", "cart", "--out", str(tmp_path), "--workers", "0")
    assert answer.returncode == 0, answer.stderr
    assert "# cart: a task from outside" in answer.stdout
    results = json.loads((tmp_path / "results.json").read_text())
    assert set(results) == {"bc", "ibc", "ifl", "iifl", "iifl-random", "iifl-nearest", "iifl-share-0.02"}
    assert (tmp_path / "curves.svg").exists()


@pytest.mark.slow(40)
def test_a_demo_drives_it_in_other_processes_and_learns(rails: Path, data: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = ["demo", "--task", "cart", "--pace", "0.1", "--port", port, "--no-browser"]
    with (data / "demo.txt").open("w") as said:
        demo = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *words],
            env=environment(rails, data), stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while versions(data) < 2 and time.monotonic() < deadline and demo.poll() is None:
            time.sleep(0.5)
        assert versions(data) >= 2, (data / "demo.txt").read_text()
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(60)
    with contextlib.closing(sqlite3.connect(data / "iifl.sqlite3")) as database:
        assert database.execute("SELECT task FROM fleets_run").fetchall() == [("cart",)]


def versions(data: Path) -> int:
    """Weights that the demo's run has had; the first are those that it began with."""
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(data / "iifl.sqlite3")) as made,
    ):
        return int(made.execute("SELECT count(*) FROM learning_checkpoint").fetchone()[0])
    return 0


REFUSED = [
    (["simulate", "wagon", "--out", "OUT"], "there is no task 'wagon'; valid tasks are: ant, "),
    (["simulate", "wagon", "--out", "OUT"], "of installed packages: cart; or one by its place"),
    (["simulate", "rails.tasks:WAGON", "--out", "OUT"], "rails.tasks has no 'WAGON'; tasks in it: CART"),
    (["simulate", "wagons:CART", "--out", "OUT"], "there is no module 'wagons'; install the package"),
    (["simulate", "rails.tasks:DERAILED", "--out", "OUT"], "could not be made of (4, "),
    (["train-policy", "rails.tasks:UNATTENDED"], "rails.tasks:UNATTENDED has no algorithmic supervisor"),
    (["train-policy", "rails.tasks:UNREHEARSED"], "nobody would watch them; give its Task `demonstrations`"),
    (["demo", "--task", "rails.tasks:WAGON"], "rails.tasks has no 'WAGON'"),
    (["benchmark", "wagon"], "there is no experiment 'wagon'; valid are jeffreys, "),
    (["benchmark", "rails.tasks:THERE"], "an experiment would run them for days"),
    (["benchmark", "rails.tasks:UNATTENDED"], "has no algorithmic supervisor, which demonstrates and helps"),
    (["train-supervisor", "cart"], "'cart' is not valid; valid are ant, anymal, ball_balance. Other tasks'"),
    (["simulate", "a b", "--out", "OUT"], "'a b' is not valid; valid are ant, "),
]


@pytest.mark.slow(45)
def test_what_cannot_be_done_ends_with_2_and_one_sentence(rails: Path, tmp_path: Path) -> None:
    for words, said in REFUSED:
        words = [str(tmp_path / "out") if word == "OUT" else word for word in words]
        answer = call_with(rails, tmp_path / "data", *words)
        assert said in answer.stderr, (words, answer.stderr)
        assert answer.returncode == 2, words
        assert "Traceback" not in answer.stderr
        assert [line for line in answer.stderr.splitlines() if line and not line.startswith("usage")]


@pytest.mark.slow(20)
def test_the_packages_own_tests_hold_it_to_the_suite(rails: Path, tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(PACKAGE),
         "-c", os.devnull, str(PACKAGE / "tests")],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(rails), str(ROOT)]),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout[-3000:]
    assert " passed" in answer.stdout


@pytest.mark.slow(10)
def test_pip_installs_the_package_and_its_task_is_found(tmp_path: Path) -> None:
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
    ]
    source = tmp_path / "source"
    subprocess.run(["cp", "-r", str(PACKAGE), str(source)], check=True)
    pytest.importorskip("setuptools")
    folder = tmp_path / "installed"
    subprocess.run([*pip, "--target", str(folder), str(source)], check=True, capture_output=True)
    code = "from robots.registry import outside_names, make_fleet\n"
    code += "print(outside_names(), make_fleet('cart', 3, 0).size)"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )  # fmt: skip
    assert answer.stdout.strip() == "('cart',) 3", answer.stderr
