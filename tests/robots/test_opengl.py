"""Which OpenGL is taken, and that a machine without any is served all the same."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from robots.backends import opengl
from robots.backends.opengl import Attempt, attempt, choose

ROOT = Path(__file__).parents[2]


def trial(**works: str) -> tuple[list[str], object]:
    """A stand-in for trials: kinds that work with what draws; the others do not. Notes what was tried."""
    tried: list[str] = []

    def attempt(kind: str) -> Attempt:
        tried.append(kind)
        return Attempt(kind in works, works.get(kind, "is not installed"))

    return tried, attempt


@pytest.mark.parametrize(
    ("works", "kind"),
    [
        ({"egl": "a card", "osmesa": "llvmpipe"}, "egl"),
        ({"egl": "a card"}, "egl"),
        ({"osmesa": "llvmpipe"}, "osmesa"),
        ({}, None),
    ],
)
def test_the_first_that_works_is_taken(works: dict[str, str], kind: str | None) -> None:
    _, tries = trial(**works)
    chosen = choose({}, tries)
    assert chosen.kind == kind
    assert chosen.wanted
    assert chosen.tried == (kind is None)
    if kind is None:
        assert chosen.text == "egl: is not installed; osmesa: is not installed"


@pytest.mark.parametrize("kind", ["egl", "osmesa"])
def test_the_one_that_is_asked_for_is_the_only_one_tried(kind: str) -> None:
    tried, tries = trial(egl="a card", osmesa="llvmpipe")
    assert choose({"MUJOCO_GL": f" {kind.upper()} "}, tries).kind == kind
    assert tried == [kind]
    tried, tries = trial()
    assert choose({"MUJOCO_GL": kind}, tries).kind is None
    assert tried == [kind]


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({"IIFL_SCHEMATIC": "1"}, False),
        ({"IIFL_SCHEMATIC": "maybe"}, False),
        ({"IIFL_SCHEMATIC": "1", "MUJOCO_GL": "egl"}, False),
        ({"MUJOCO_GL": "off"}, False),
        ({"MUJOCO_GL": "disabled"}, False),
        ({"MUJOCO_GL": "glfw"}, True),
        ({"MUJOCO_GL": "nonsense"}, True),
    ],
)
def test_some_values_mean_that_nothing_is_tried(environment: dict[str, str], wanted: bool) -> None:
    tried, tries = trial(egl="a card")
    chosen = choose(environment, tries)
    assert (chosen.kind, chosen.wanted, chosen.tried) == (None, wanted, False)
    assert tried == []
    assert any(value in chosen.text for value in environment.values()), "it says why"


@pytest.mark.parametrize(
    "environment", [{"IIFL_SCHEMATIC": "0"}, {"IIFL_SCHEMATIC": ""}, {"MUJOCO_GL": "on"}]
)
def test_other_values_leave_the_choice(environment: dict[str, str]) -> None:
    _, tries = trial(osmesa="llvmpipe")
    assert choose(environment, tries).kind == "osmesa"


def test_edges_are_smooth_where_they_cost_nothing() -> None:
    assert choose({}, trial(egl="llvmpipe (LLVM 15.0.6, 256 bits)")[1]).samples == 0
    assert choose({}, trial(egl="NVIDIA H100/PCIe/SSE2")[1]).samples > 0


@pytest.mark.parametrize("kind", opengl.KINDS)
def test_a_trial_says_what_draws_or_why_nothing_does(kind: str) -> None:
    tried = attempt(kind)
    assert tried.text
    assert "Traceback" not in tried.text
    assert "\n" not in tried.text


def test_a_trial_of_what_does_not_exist_fails() -> None:
    tried = attempt("nonsense")
    assert not tried.works
    assert "nonsense" in tried.text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed (signal 11)"),
        ("import time; time.sleep(60)", "did not answer within 1 s"),
        ("raise SystemExit(1)", "nothing was said"),
    ],
)
def test_a_driver_that_crashes_or_hangs_does_so_elsewhere(
    body: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "trial.py"
    script.write_text(body)
    monkeypatch.setattr(opengl, "_TRIAL", script)
    begun = time.monotonic()
    assert attempt("egl", limit_s=1.0) == Attempt(False, text)
    assert time.monotonic() - begun < 10


def test_a_trial_that_cannot_be_started_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.touch()
    python.chmod(stat.S_IRUSR)
    monkeypatch.setattr(sys, "executable", str(python))
    assert "could not be tried" in attempt("egl").text


@pytest.mark.parametrize("value", ["nonsense", "egl", "osmesa", "glfw", "off"])
def test_fleets_are_made_and_shown_whatever_the_environment_says(value: str, tmp_path: Path) -> None:
    library = tmp_path / "OpenGL" / "__init__.py"
    library.parent.mkdir()
    library.write_text("None.eglQueryString  # What importing it comes to where the driver is not installed.")
    code = (
        "from robots.registry import make_fleet\n"
        "fleet = make_fleet('ball_balance', 1, 0)\n"
        "image = fleet.frames([0])[0].image\n"
        "import os, mujoco\n"
        "print((image == fleet.schematic(0).image).all(), os.environ['MUJOCO_GL'])\n"
    )
    environment = {**os.environ, "MUJOCO_GL": value, "PYTHONPATH": str(tmp_path)}
    environment.pop("IIFL_SCHEMATIC", None)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", value]
    assert "Traceback" not in done.stderr
