"""Pictures that MuJoCo renders; and schematics in their place whatever OpenGL does."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robots.backends import mujoco_fleet, mujoco_render, opengl
from robots.backends.mujoco_render import Studio
from robots.backends.opengl import Choice
from robots.registry import make_fleet
from robots.tasks.ant.task import AntFleet
from robots.tasks.anymal.task import AnymalFleet
from robots.tasks.ball_balance.task import BallBalanceFleet
from robots.tasks.franka_cube_stack.task import FrankaCubeStackFleet

ROOT = Path(__file__).parents[2]
PATIENT: Any = {"first_s": 120.0, "patience_s": 60.0}
"""On a busy machine a picture may take long."""
FLEETS: tuple[Any, ...] = (AntFleet, AnymalFleet, BallBalanceFleet, FrankaCubeStackFleet)


@pytest.fixture
def fleet() -> Any:
    return make_fleet("ball_balance", 2, 0)


@pytest.fixture
def opened() -> Iterator[list[Studio]]:
    """Studios that are closed after the test."""
    studios: list[Studio] = []
    yield studios
    for studio in studios:
        studio.close()


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    """One for all fleets of these tests."""
    studio = Studio(**PATIENT)
    yield studio
    studio.close()


@pytest.fixture
def rendering(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Choice:
    """The machine's OpenGL, which fleets use; tests of it are skipped where there is none."""
    choice = opengl.chosen()
    if choice.kind is None:
        pytest.skip(f"nothing renders here: {choice.text}")
    monkeypatch.setattr(mujoco_render, "_studio", studio)
    return choice


def ask(studio: Studio, fleet: Any, robot: int = 0) -> Any:
    simulations = fleet._simulations
    return studio.picture(simulations.model, simulations.positions[robot], fleet.view)


def test_without_opengl_a_schematic_is_shown_and_one_line_says_why(
    fleet: Any, opened: list[Studio], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    studio = Studio(lambda: Choice(None, "nothing is installed"))
    opened.append(studio)
    monkeypatch.setattr(mujoco_fleet, "rendered", studio.picture)
    for frame in (*fleet.frames([0, 1]), *fleet.frames([0])):
        assert frame.image.shape == (480, 640, 3)
    assert np.array_equal(fleet.frames([1])[0].image, fleet.schematic(1).image)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "nothing is installed" in caplog.text


def test_who_asked_for_schematics_is_not_warned(
    fleet: Any, opened: list[Studio], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    opened.append(Studio(lambda: Choice(None, "as you wish", wanted=False)))
    assert ask(opened[0], fleet) is None
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_a_kind_that_fails_after_its_trial_is_given_up(
    fleet: Any, opened: list[Studio], caplog: pytest.LogCaptureFixture
) -> None:
    opened.append(Studio(lambda: Choice("nonsense", "it worked a moment ago")))
    assert ask(opened[0], fleet) is None
    assert ask(opened[0], fleet) is None
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info is None, "a line, no traceback"


def test_a_driver_that_hangs_holds_nobody_up(
    fleet: Any, opened: list[Studio], caplog: pytest.LogCaptureFixture
) -> None:
    hanging = threading.Event()

    def choose() -> Choice:
        hanging.wait(30)
        return Choice(None, "it hung")

    opened.append(Studio(choose, first_s=0.2))
    begun = time.monotonic()
    assert ask(opened[0], fleet) is None
    assert 0.2 <= time.monotonic() - begun < 5
    begun = time.monotonic()
    for _ in range(50):
        assert ask(opened[0], fleet) is None
    assert time.monotonic() - begun < 0.2, "it is not waited for again"
    assert len(caplog.records) == 1
    hanging.set()


def test_every_task_has_its_view() -> None:
    for kind in FLEETS:
        fleet = kind(1, 0)
        assert fleet.still_between_steps
        assert fleet._simulations.model.body(fleet.view.follow).id > 0


@pytest.mark.usefixtures("rendering")
@pytest.mark.parametrize("kind", FLEETS, ids=lambda kind: kind.task)
def test_rendered_pictures_are_well_lit_and_always_the_same(kind: Any) -> None:
    fleet = kind(3, 0)
    first = fleet.frames([0])[0].image
    assert first.shape == (480, 640, 3)
    assert first.dtype == np.uint8
    assert not np.array_equal(first, fleet.schematic(0).image), "it is rendered"
    assert 25 < first.mean() < 90, "dark, not black"
    middle = first[120:400, 120:520].reshape(-1, 3)
    assert (middle.max(axis=1) > 110).mean() > 0.01, "something stands out"
    others = fleet.frames([1, 2])
    assert not np.array_equal(first, others[0].image)
    assert np.array_equal(first, fleet.frames([0])[0].image), "whatever was drawn in between"
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(fleet.frames([0])))
    thread.start()
    thread.join()
    assert np.array_equal(first, found[0].image), "whoever asks"


@pytest.mark.usefixtures("rendering")
@pytest.mark.parametrize("kind", FLEETS, ids=lambda kind: kind.task)
def test_rendering_leaves_the_simulation_alone(kind: Any) -> None:
    fleet = kind(2, 0)
    simulations = fleet._simulations
    before, seen = simulations.state.copy(), fleet.observe().copy()
    fleet.frames([0, 1])
    assert np.array_equal(simulations.state, before)
    assert np.array_equal(fleet.observe(), seen)


@pytest.mark.usefixtures("rendering")
@pytest.mark.parametrize("place", [(-0.4, 0.2), (0.4, -0.2), (0.0, 0.0)])
def test_a_ball_on_the_tray_is_rendered_wherever_it_lies(place: tuple[float, float]) -> None:
    fleet: Any = make_fleet("ball_balance", 1, 0)
    fleet._simulations.positions[0, 13:16] = [*place, 0.67]
    image = fleet.frames([0])[0].image.astype(int)
    assert ((image[..., 0] > 80) & (image[..., 0] > 1.5 * image[..., 2])).sum() > 600


@pytest.mark.usefixtures("rendering")
def test_the_arm_does_not_hide_the_cubes_from_above() -> None:
    fleet: Any = make_fleet("franka_cube_stack", 1, 0)
    grip, _ = fleet.hands()
    for start in (0, 7):  # Both cubes under the hand.
        fleet._simulations.positions[0, start : start + 2] = grip[0, :2] + [0.05 * (start > 0), 0.0]
    inset = fleet.frames([0])[0].image[12:168, 420:628].astype(int)
    red = (inset[..., 0] > 100) & (inset[..., 0] > 2 * inset[..., 1])
    green = (inset[..., 1] > 80) & (inset[..., 1] > 1.5 * inset[..., 0])
    assert red.sum() > 60
    assert green.sum() > 100


def test_what_goes_wrong_later_ends_in_schematics_too(
    rendering: Choice,
    fleet: Any,
    opened: list[Studio],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def lost(*_: Any) -> None:
        raise RuntimeError("the context is lost")

    opened.append(Studio(lambda: rendering, **PATIENT))
    assert ask(opened[0], fleet) is not None
    monkeypatch.setattr(mujoco_render._Scene, "look", lost)
    assert ask(opened[0], fleet) is None
    monkeypatch.undo()
    assert ask(opened[0], fleet) is None
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "pictures of simulations are schematics from now on: RuntimeError: the context is lost"
    ]


def test_models_do_not_show_in_each_others_pictures(rendering: Choice, opened: list[Studio]) -> None:
    opened.append(Studio(lambda: rendering, **PATIENT))
    fleets = [kind(1, 0) for kind in FLEETS]
    first = [ask(opened[0], fleet) for fleet in fleets]
    for fleet, picture in zip(fleets, first, strict=True):
        assert np.array_equal(ask(opened[0], fleet), picture)


def test_studios_close_and_open_again(rendering: Choice, fleet: Any) -> None:
    pictures = []
    for _ in range(3):
        studio = Studio(lambda: rendering, **PATIENT)
        pictures.append(ask(studio, fleet))
        studio.close()
        assert ask(studio, fleet) is None
        assert studio._thread is not None
        assert not studio._thread.is_alive()
    assert all(np.array_equal(pictures[0], picture) for picture in pictures)


def test_only_so_many_models_are_kept_open(
    rendering: Choice, opened: list[Studio], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mujoco_render, "MOST_MODELS", 1)
    opened.append(Studio(lambda: rendering, **PATIENT))
    ball, ant = (make_fleet(task, 1, 0) for task in ("ball_balance", "ant"))
    first = ask(opened[0], ball)
    assert ask(opened[0], ant) is not None
    assert np.array_equal(ask(opened[0], ball), first)


@pytest.mark.parametrize("kind", opengl.KINDS)
def test_a_process_that_renders_or_forks_ends_well(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYOPENGL_PLATFORM", raising=False)  # MuJoCo sets it where MUJOCO_GL is set.
    tried = opengl.attempt(kind)
    if not tried.works:
        pytest.skip(f"{kind}: {tried.text}")
    code = (
        "import os\n"
        "from robots.backends import mujoco_render\n"
        "from robots.registry import make_fleet\n"
        "mujoco_render._studio = mujoco_render.Studio(first_s=120, patience_s=60)\n"
        "fleet = make_fleet('ant', 1, 0)\n"
        "drawn, schematic = fleet.frames([0])[0].image, fleet.schematic(0).image\n"
        "if os.fork() == 0:\n"
        "    os._exit(0 if (fleet.frames([0])[0].image == schematic).all() else 3)\n"
        "assert os.waitstatus_to_exitcode(os.wait()[1]) == 0\n"
        "print((drawn == fleet.frames([0])[0].image).all(), (drawn == schematic).all())\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "IIFL_SCHEMATIC"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**environment, "MUJOCO_GL": kind},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "False"]
