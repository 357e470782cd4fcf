"""Ctrl-C, kill and a closed terminal: a sentence, the exit code that shells expect, nothing half done."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors import safe_open

ROOT = Path(__file__).resolve().parents[2]
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def begin(*words: str, data: Path) -> subprocess.Popen[str]:
    """A command as from a terminal: Ctrl-C is heard."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / "iifl"), *words],
        env={**os.environ, "IIFL_DATA": str(data), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


@pytest.mark.slow(5)
@pytest.mark.parametrize("number", SIGNALS)
def test_a_run_ends_in_a_sentence_and_goes_on(number: signal.Signals, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("simulate", "block_push", "--algorithm", "ibc", "--steps", "5000", "--out", str(out))
    process = begin(*words, data=tmp_path / "var")
    deadline = time.monotonic() + 100
    while not (out / "resume.npz").exists() and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + number
    assert "interrupted. What is done is kept" in said
    assert "Traceback" not in said
    assert not list(out.glob(".*"))
    assert not (out / "metrics.json").exists()


def children(process: subprocess.Popen[str], name: bytes) -> list[Path]:
    """The processes, in /proc, that run something of this name for it."""
    threads = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    found = [Path("/proc") / number for number in threads.read_text().split()]
    return [child for child in found if name in (child / "cmdline").read_bytes()]


def working(process: subprocess.Popen[str], name: bytes = b"spawn_main") -> list[Path]:
    """Waits until there are some; unless another name is given, those that do a benchmark's jobs."""
    while not (found := children(process, name)):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return found


def ended(child: Path) -> bool:
    try:
        return "State:\tZ" in (child / "status").read_text()
    except OSError:
        return True


def wait_for_end(processes: list[Path]) -> None:
    deadline = time.monotonic() + 30
    while not all(ended(process) for process in processes):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_first_training_of_a_demo_ends_with_it(number: signal.Signals, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    process = begin("demo", "--task", "ant", "--no-browser", "--port", port, data=tmp_path / "var")
    training = working(process, b"train-policy")
    process.send_signal(number)
    said = process.communicate(timeout=60)
    wait_for_end(training)
    assert "Traceback" not in said[1]
    assert number == signal.SIGKILL or "Stopped." in said[0]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.slow(5)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_benchmark_takes_its_workers_with_it(number: signal.Signals, tmp_path: Path) -> None:
    words = ("benchmark", "block_push", "--scale", "smoke", "--workers", "2", "--out", str(tmp_path / "out"))
    process = begin(*words, data=tmp_path / "var")
    working_for_it = working(process)
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    if number != signal.SIGKILL:
        assert process.returncode == 128 + number
        assert said.strip().endswith(
            "interrupted. What is done is kept; the same command goes on from there."
        )
    wait_for_end(working_for_it)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.slow(3)
def test_a_benchmark_whose_worker_is_killed_says_so(tmp_path: Path) -> None:
    words = ("benchmark", "block_push", "--scale", "smoke", "--workers", "1", "--out", str(tmp_path / "out"))
    process = begin(*words, data=tmp_path / "var")
    os.kill(int(working(process)[0].name), signal.SIGKILL)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "one of 1 processes was killed" in said
    assert "Traceback" not in said


@pytest.mark.slow(6)
def test_a_training_ends_in_a_sentence_and_leaves_a_whole_state(tmp_path: Path) -> None:
    words = ("train-policy", "ball_balance", "--only", "implicit", "--out", str(tmp_path / "out"))
    process = begin(*words, data=tmp_path / "var")
    state = tmp_path / "out" / "policy.training"
    while not state.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "interrupted. What is done is kept" in said
    assert "Traceback" not in said
    with safe_open(state, "numpy") as file:
        assert file.metadata()["state"]


@pytest.mark.parametrize("number", SIGNALS)
def test_while_it_still_loads_a_command_ends_in_a_sentence(number: signal.Signals, tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from iifl_server import interruption; interruption.end_cleanly()\n"
        "print('here', flush=True)\n"
        "try:\n"
        "    time.sleep(60)\n"
        "except BaseException:\n"
        "    time.sleep(60)\n"
    )
    loading = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert loading.stdout is not None
    assert loading.stdout.readline() == "here\n"
    loading.send_signal(number)
    said = loading.communicate(timeout=30)[1]
    assert loading.returncode == 128 + number
    assert said.startswith("iifl: interrupted before anything was begun")


def test_what_a_parent_had_ignored_stays_ignored(tmp_path: Path) -> None:
    code = (
        f"import os, signal, sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from iifl_server import interruption; interruption.end_cleanly()\n"
        "os.kill(os.getpid(), signal.SIGHUP); print('alive')"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "alive\n"


def test_commands_of_django_keep_their_own_answers(tmp_path: Path) -> None:
    code = (
        "import signal; print([signal.getsignal(number) for number in "
        "(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == "
        "[signal.default_int_handler, signal.SIG_DFL, signal.SIG_DFL])"
    )
    shell = begin("manage", "shell", "--no-imports", "--command", code, data=tmp_path)
    assert shell.communicate(timeout=60) == ("True\n", "")


def test_a_parent_that_closed_input_and_output_does_no_harm(tmp_path: Path) -> None:
    script = 'exec <&- >&- 2>&-; "$0" "$1" --help; "$0" "$1" manage shell --no-imports --command "$2"'
    code = "import os; os.makedirs('made'); print('heard by nobody')"
    line = ["sh", "-c", script, sys.executable, str(ROOT / "iifl"), code]
    environment = {**os.environ, "IIFL_DATA": str(tmp_path / "var")}
    assert subprocess.run(line, cwd=tmp_path, env=environment, check=False).returncode == 0
    assert (tmp_path / "made").is_dir()


@pytest.mark.parametrize("words", [[], ["doctor"], ["manage", "help"]])
def test_a_reader_that_leaves_gets_no_traceback(words: list[str], tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, str(ROOT / "iifl"), *words],
        env={**os.environ, "IIFL_DATA": str(tmp_path)},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert "Traceback" not in ended.stderr
    assert "BrokenPipe" not in ended.stderr
