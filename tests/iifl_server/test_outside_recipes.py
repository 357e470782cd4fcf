"""What a task from outside is trained by and helped with, where it does not say and where it does."""

import argparse
from typing import Any

import numpy as np
import pytest

from iifl_server.errors import RequestError
from iifl_server.experiments.own_task import size_of, trials
from iifl_server.fleets.means import task_means
from iifl_server.fleets.services import create_run
from iifl_server.learning.recipes import CLONING, ENSEMBLE, IMPLICIT, recipe
from iifl_server.management.arguments import tasks as arguments
from iifl_server.names import TASKS, folder_of
from policy.errors import InputError
from robots import builtin, lookup, task
from robots.fleet import FleetError, Spaces
from robots.task import Learning, Task, TaskDefaults

NAME = "from_outside"
STATES, MANY, IMAGES = Spaces((5,), "float32", 2), Spaces((9,), "float32", 6), Spaces((48, 64, 3), "uint8", 2)
CHANGED = Learning(updates=7, online_updates=3, percentile=55.0, online_share=0.25)


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Registers a task of these spaces; nothing can make its fleet."""

    def describe(spaces: Spaces, **changes: Any) -> Task:
        task_means.cache_clear()
        made = Task(
            **{
                "name": NAME,
                "defaults": TaskDefaults(episode_length=40, robots=30, supervisors=6),
                "fleet": lambda robots, seed: pytest.fail("nobody needs a fleet to know this"),
                "spaces": spaces,
                **changes,
            }
        )
        monkeypatch.setitem(builtin.TASKS, NAME, made)
        return made

    yield describe
    task_means.cache_clear()


@pytest.mark.parametrize("spaces", [STATES, MANY, IMAGES])
def test_a_recipe_fits_what_the_robots_see(described: Any, spaces: Spaces) -> None:
    described(spaces)
    found = recipe(NAME)
    assert found.network.observation_shape == spaces.observation_shape
    assert found.network.action_size == spaces.action_size
    assert found.network.normalise == (spaces is not IMAGES)
    assert [found.policy_config(kind).members for kind in (IMPLICIT, CLONING, ENSEMBLE)] == [2, 1, 5]
    assert not found.initial.symmetries


def test_uniform_counter_examples_are_for_few_components(described: Any) -> None:
    described(STATES)
    few = recipe(NAME).initial.counter_examples
    described(MANY)
    assert few != recipe(NAME).initial.counter_examples


@pytest.mark.parametrize("spaces", [STATES, IMAGES])
def test_a_task_changes_what_it_says_and_nothing_else(described: Any, spaces: Spaces) -> None:
    described(spaces)
    usual = recipe(NAME)
    described(spaces, learning=CHANGED)
    found = recipe(NAME)
    for kind in (IMPLICIT, CLONING):
        assert found.initial_of(kind).updates == 7
        assert found.retraining_of(kind).updates == 3
        assert found.retraining_of(kind).online_share == 0.25
        assert found.retraining_of(kind).learning_rate == usual.retraining_of(kind).learning_rate
        assert found.initial_of(kind).counter_examples == usual.initial_of(kind).counter_examples
    assert found.threshold_percentile == 55.0
    assert found.network == usual.network
    described(IMAGES, learning=Learning(symmetries=True))
    assert recipe(NAME).initial.symmetries
    assert recipe(NAME).retraining.symmetries


def test_what_no_network_takes_and_what_is_no_task_is_refused_in_a_sentence(described: Any) -> None:
    described(Spaces((10, 10), "float32", 2))
    with pytest.raises(InputError, match=r"observation_shape is \(10, 10\); valid is"):
        recipe(NAME)
    with pytest.raises(FleetError, match="there is no task 'chess'"):
        recipe("chess")


@pytest.mark.parametrize(
    ("scale", "robots", "supervisors", "steps"),
    [("smoke", 10, 1, 60), ("desk", 20, 4, 400), ("paper", 30, 6, 800)],
)
def test_sizes_of_an_experiment_follow_from_the_defaults(
    described: Any, scale: str, robots: int, supervisors: int, steps: int
) -> None:
    described(STATES, learning=CHANGED)
    size = size_of(NAME, scale)
    assert (size.robots, size.supervisors, size.steps) == (robots, supervisors, steps)
    assert size.demonstrations == 1000
    assert {trial.percentile for trial in trials(NAME, scale, "ours")} == {55.0}
    assert len({trial.arm for trial in trials(NAME, scale, "ours")}) == 7


def test_means_of_robots_that_are_there_need_no_robot(described: Any) -> None:
    described(STATES, physical=True, modes={"slowly": "as slowly as it can"})
    assert task_means(NAME).modes == ("slowly",)
    described(STATES, physical=True, pushes=True, modes={"slowly": "as slowly as it can"})
    assert (task_means(NAME).push, task_means(NAME).modes) == (True, ())


@pytest.mark.django_db
def test_a_live_run_needs_supervisors_for_seats_that_nobody_takes(described: Any) -> None:
    described(STATES)
    with pytest.raises(RequestError, match="has no algorithmic supervisor for seats that nobody takes"):
        create_run(NAME)
    with pytest.raises(RequestError, match="there is no task 'chess'; valid tasks are"):
        create_run("chess")


TEXTS = [*TASKS, "cart", "rails.tasks:CART", "a.b:c.d", "a-b", "é:ü", "", ":", "a:", ":b", "a b", "a:b:c"]
TEXTS += ["../a:b", "-a", "a.", "a/b", "1a:b", "a" * 100, "a" * 101, "a\n", "@"]
TEXTS += [f"{'a.' * 97}a:bbbb", f"{'a.' * 98}a:bbbb"]


@pytest.mark.parametrize("text", TEXTS)
def test_what_the_command_line_takes_is_what_can_be_looked_up(text: str) -> None:
    possible = lookup._PLACE.fullmatch(text) or task.NAME.fullmatch(text)
    if possible and len(text) <= lookup.LONGEST:
        assert arguments.task(text) == arguments.experiment(text) == text
        return
    with pytest.raises(argparse.ArgumentTypeError, match=r"valid are ant, .*package\.module:name"):
        arguments.task(text)
    with pytest.raises(argparse.ArgumentTypeError, match="or a task from outside"):
        arguments.experiment(text)


def test_folders_of_tasks_are_one_level_deep_and_never_shared() -> None:
    folders = [
        folder_of(text) for text in ("cart", "rails.tasks:CART", "rails.tasks.CART", "rails.tasks-CART")
    ]
    assert len(set(folders)) == 4
    assert not {"/", ":"} & set("".join(folders))
    assert np.all([folder_of(name) == name for name in TASKS])
