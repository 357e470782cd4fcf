"""Which tasks a demo starts with: recipes that fit, weights that ship, a first start that makes them."""

import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management.base import CommandError
from safetensors.numpy import save_file

from iifl_server.learning import weights
from iifl_server.learning.initial import made_here, shipped_checkpoint
from iifl_server.learning.recipes import _RECIPES, CLONING, ENSEMBLE, IMPLICIT, recipe
from iifl_server.learning.weights import ensure_weights
from iifl_server.management.commands import doctor
from iifl_server.management.commands.demo import Command
from iifl_server.names import TASKS
from policy.errors import CheckpointError
from robots import registry

MAKES = """
import pathlib, sys
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
out.mkdir(parents=True)
(out / "policy.safetensors").write_text(" ".join(sys.argv[1:]))
"""


def test_every_recipe_is_known_to_those_who_do_without_torch() -> None:
    assert set(TASKS) == set(_RECIPES)


@pytest.mark.parametrize("task", [task for task in registry.task_names() if task in TASKS])
def test_a_recipe_fits_its_task(task: str) -> None:
    network = recipe(task).network
    spaces = registry.make_fleet(task, 1, 0).spaces
    assert network.observation_shape == spaces.observation_shape
    assert network.action_size == spaces.action_size
    assert [recipe(task).policy_config(kind).members for kind in (IMPLICIT, CLONING, ENSEMBLE)] == [2, 1, 5]


@pytest.fixture
def empty(settings: Any, tmp_path: Path) -> Path:
    """Nothing ships, nothing was made."""
    settings.SHIPPED, settings.DATA, settings.REPOSITORY = tmp_path / "shipped", tmp_path / "var", tmp_path
    return tmp_path


def put(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "policy.safetensors").touch()
    return folder / "policy.safetensors"


def test_weights_that_were_made_here_come_before_those_that_ship(empty: Path) -> None:
    with pytest.raises(CheckpointError, match=r"make it with ./iifl train-policy navigation"):
        shipped_checkpoint("navigation")
    shipped = put(empty / "shipped" / "navigation")
    assert shipped_checkpoint("navigation") == shipped
    made = put(made_here("navigation"))
    assert shipped_checkpoint("navigation") == made
    assert made.is_relative_to(empty / "var")


def first_start(empty: Path, program: str) -> tuple[bool, str]:
    (empty / "manage.py").write_text(program)
    said = io.StringIO()
    command = Command(stdout=said)
    return command._weights_are_there("navigation", []), said.getvalue()


def test_a_first_start_trains_says_so_and_the_second_does_not(empty: Path) -> None:
    there, said = first_start(empty, MAKES)
    assert there
    assert "First start of navigation" in said
    assert str(made_here("navigation")) in said
    assert "train-policy navigation --only implicit" in shipped_checkpoint("navigation").read_text()
    assert first_start(empty, "raise SystemExit(1)") == (True, "")


def test_a_training_that_fails_is_said(empty: Path) -> None:
    with pytest.raises(CommandError, match=r"training for navigation failed .exit code 3."):
        first_start(empty, "raise SystemExit(3)")


def test_a_stop_ends_the_training_without_an_error(empty: Path) -> None:
    (empty / "manage.py").write_text("import time; time.sleep(60)")
    assert Command(stdout=io.StringIO())._weights_are_there("navigation", [2]) is False


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was made, each of it in a moment and without torch."""
    made: list[str] = []

    def make(task: str, kind: str, seed: int, path: Path, **options: Any) -> dict[str, Any]:
        time.sleep(0.2)  # Long enough for the second to find it under way.
        made.append(f"{kind} {options['robots']} × {options['steps']}")
        manifest = {"uncertainty_threshold": 1.5, "trained_on": 5}
        save_file({"weight": np.zeros(2)}, path, {"manifest": json.dumps(manifest)})
        calibration = {"robots": options["robots"], "steps": options["steps"]}
        return {"uncertainty_threshold": 1.5, "threshold_percentile": 90.0, "calibration": calibration}

    monkeypatch.setattr(weights, "make_checkpoint", make)
    return made


def test_what_a_run_needs_is_made_once_said_and_kept(empty: Path, made: list[str]) -> None:
    said: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(lambda _: ensure_weights("navigation", "iifl", said.append), range(4)))
    assert paths == {made_here("navigation") / "policy.safetensors"}
    assert made == ["implicit 10 × 50"]
    assert "training it once; it is kept in" in said[0]
    assert said[1:] == ["Threshold 1.500: percentile 90 of 10 robots × 50 steps that nobody helped."]
    for algorithm, name in (("bc", "cloning.safetensors"), ("ifl", "navigation-ensemble.safetensors")):
        assert ensure_weights("navigation", algorithm, said.append).name == name
    assert len(made) == 3


def test_weights_that_are_damaged_are_named_with_the_mend_and_left_alone(
    empty: Path, made: list[str]
) -> None:
    path = ensure_weights("navigation", "iifl", lambda _: None)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CheckpointError, match=rf"{path} is no checkpoint .* remove it"):
        ensure_weights("navigation", "iifl", lambda _: None)
    assert doctor._weights()[1] is False
    assert str(path) in doctor._weights()[2]
    path.unlink()
    ensure_weights("navigation", "iifl", lambda _: None)
    assert len(made) == 2
    assert doctor._weights()[:2] == ("weights", True)
    assert "made here: navigation; made when first needed: ant" in doctor._weights()[2]


def test_weights_that_are_being_made_are_waited_for_and_then_left_as_they_are(empty: Path) -> None:
    said = io.StringIO()
    command = import_module("iifl_server.management.commands.train-policy").Command(stdout=said)
    path = made_here("navigation") / "policy.safetensors"
    with ThreadPoolExecutor(1) as pool:
        with weights.making("navigation", IMPLICIT, path):
            options = {"task": "navigation", "only": IMPLICIT, "once": True, "out": None}
            waiting = pool.submit(command.run, **options)
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
            path.write_bytes(b"made by another process")
        waiting.result(60)
    assert path.read_bytes() == b"made by another process"
    assert "there already" in said.getvalue()
