"""Which tasks a demo starts with: recipes that fit, weights that ship, a first start that makes them."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from iifl_server.learning.initial import TRAINABLE, made_here, shipped_checkpoint
from iifl_server.learning.recipes import _RECIPES, CLONING, ENSEMBLE, IMPLICIT, recipe
from iifl_server.management.commands.demo import Command
from policy.errors import CheckpointError
from robots import registry

MAKES = """
import pathlib, sys
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
out.mkdir(parents=True)
(out / "policy.safetensors").write_text(" ".join(sys.argv[1:]))
"""


def test_every_recipe_is_known_to_those_who_do_without_torch() -> None:
    assert set(TRAINABLE) == set(_RECIPES)


@pytest.mark.parametrize("task", [task for task in registry.task_names() if task in TRAINABLE])
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


def test_weights_that_ship_come_before_those_that_were_made_here(empty: Path) -> None:
    with pytest.raises(CheckpointError, match=r"make it with ./iifl train-policy navigation"):
        shipped_checkpoint("navigation")
    made = put(made_here("navigation"))
    assert shipped_checkpoint("navigation") == made
    assert made.is_relative_to(empty / "var")
    shipped = put(empty / "shipped" / "navigation")
    assert shipped_checkpoint("navigation") == shipped


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


def test_a_task_without_a_recipe_is_refused_with_those_that_have_one(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry._TASKS, "juggling", registry._TASKS["navigation"])
    with pytest.raises(CommandError, match=r"no policy of juggling .* valid are: .*navigation") as refused:
        call_command("demo", task="juggling", robots=4, supervisors=2, people=1, no_browser=True)
    assert refused.value.returncode == 2
    assert "juggling," not in str(refused.value)
