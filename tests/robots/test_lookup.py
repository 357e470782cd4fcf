"""Tasks from outside: how they are found, and what is said of those that cannot be."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from robots import lookup
from robots.fleet import FleetError, Spaces
from robots.in_step import InStep
from robots.lookup import canonical, find
from robots.own_fleet import OwnFleet
from robots.registry import (
    backend_names,
    is_physical,
    make_demonstration_fleet,
    make_fleet,
    make_physical_fleet,
    make_supervisors,
    make_unassisted_fleet,
    outside_names,
    task_defaults,
    task_names,
    task_spaces,
)
from robots.task import Learning, Task, TaskDefaults

Register = Callable[[Path, str, dict[str, str]], None]
DEFAULTS = TaskDefaults(episode_length=10)


@pytest.fixture
def fresh() -> Iterator[None]:
    """What was found before is looked up anew, here and by the tests after."""
    lookup.outside.cache_clear()
    lookup._loaded.cache_clear()
    yield
    lookup.outside.cache_clear()
    lookup._loaded.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] in ("rails", "broken")]:
        del sys.modules[name]


@pytest.fixture
def installed(rails: Path, fresh: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(rails)
    return rails


def refusal(reference: object) -> str:
    with pytest.raises(FleetError) as caught:
        find(reference)
    said = str(caught.value)
    assert "\n" not in said
    return said


@pytest.mark.parametrize("reference", ["cart", "rails.tasks:CART"])
def test_a_task_is_found_by_its_name_and_by_its_place(installed: Path, reference: str) -> None:
    assert find(reference).goal == "Stop in the middle of the rail."
    assert task_defaults(reference).robots == 6
    assert backend_names(reference) == ("own",)
    assert task_spaces(reference) == Spaces((2,), "float32", 1)
    assert make_fleet(reference, 3, 0).size == 3
    assert [one.name for one in make_supervisors(reference, 2, 0)] == ["scripted 1", "scripted 2"]
    assert make_demonstration_fleet(reference, 2, 0).task == "cart"
    assert not is_physical(reference)
    assert canonical(reference) == "cart"


def test_names_from_outside_are_listed_apart(installed: Path) -> None:
    assert outside_names() == ("cart",)
    assert "cart" not in task_names()
    assert "of installed packages: cart" in refusal("wagon")
    assert canonical("rails.tasks:UNATTENDED") == "rails.tasks:UNATTENDED"
    assert canonical("navigation") == "navigation"


def test_what_a_package_registers_is_not_loaded_to_be_listed(installed: Path) -> None:
    outside_names()
    refusal("wagon")
    find("navigation")
    assert "rails" not in sys.modules


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("wagons.tasks:CART", "there is no module 'wagons'; install the package"),
        ("rails.wagons:CART", "there is no module 'rails.wagons'"),
        ("rails.tasks:WAGON", "has no 'WAGON'; tasks in it: CART, DERAILED, EMPTY, SHORT, THERE, UNATTENDED"),
        ("rails.tasks:CART.wagon", "has no 'CART.wagon'"),
        ("rails.tasks:NOT_A_TASK", "is of type dict, but must be a robots.task.Task"),
        ("rails.carts:Carts", "is of type ABCMeta, but must be"),
        ("rails.tasks:", "there is no task 'rails.tasks:'; valid tasks are: ant, "),
        (":CART", "there is no task ':CART'"),
        ("rails/tasks:CART", "or one by its place, package.module:name"),
        ("../secret:X", "there is no task"),
        ("x" * 300, "xxx…'; valid tasks are"),
        (7, "there is no task 7"),
    ],
)
def test_a_bad_reference_gets_one_sentence(installed: Path, reference: object, said: str) -> None:
    assert said in refusal(reference)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import nonesuch_at_all", "broken needs 'nonesuch_at_all'; install it"),
        ("1 / 0", "broken cannot be imported (ZeroDivisionError: division by zero)"),
        ("def", "broken cannot be imported (SyntaxError: invalid syntax"),
        ("raise SystemExit(3)", "broken cannot be imported (SystemExit: 3)"),
        ("TASK = 3", "is of type int"),
        ("", "has no 'TASK'; tasks in it: none"),
    ],
)
def test_a_module_that_fails_is_told_in_one_sentence(
    tmp_path: Path, fresh: None, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    (tmp_path / "broken.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    assert said in refusal("broken:TASK")


def test_a_name_of_the_projects_own_cannot_be_taken(
    installed: Path, register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(tmp_path, "usurper", {"navigation": "rails.tasks:CART"})
    monkeypatch.syspath_prepend(tmp_path)
    said = refusal("navigation")
    assert "'navigation' is a task that comes with the project, and usurper registers another" in said
    assert find("ant").name == "ant"
    assert find("rails.tasks:CART").name == "cart"


def test_a_name_that_two_packages_register_is_refused_but_not_their_places(
    installed: Path, register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(tmp_path, "wagons", {"cart": "rails.tasks:THERE"})
    monkeypatch.syspath_prepend(tmp_path)
    said = refusal("cart")
    assert "'cart' is registered more than once, by rails and wagons" in said
    assert "rails.tasks:CART and rails.tasks:THERE" in said
    assert canonical("rails.tasks:CART") == "rails.tasks:CART"


def test_the_same_package_twice_on_the_path_is_one(
    installed: Path, register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(tmp_path, "rails", {"cart": "rails.tasks:CART"})
    monkeypatch.syspath_prepend(tmp_path)
    assert find("cart").name == "cart"


@pytest.mark.parametrize(
    ("name", "place", "said"),
    [
        ("wagon", "rails.tasks:CART", "registers 'wagon', but the task there is called 'cart'"),
        ("wagon", "rails.tasks", "registers 'wagon' as 'rails.tasks', but valid is"),
    ],
)
def test_what_a_package_registers_wrongly_names_the_package(
    installed: Path, register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    name: str, place: str, said: str,
) -> None:  # fmt: skip
    register(tmp_path, "wagons", {name: place})
    monkeypatch.syspath_prepend(tmp_path)
    assert f"wagons {said}" in refusal(name)


@pytest.mark.parametrize(
    ("attribute", "said"),
    [
        ("DERAILED", r"its fleet could not be made of \(2, 0\) \(OSError: no rail\)"),
        ("EMPTY", "its fleet is of type list, which lacks task, size, spaces"),
        ("SHORT", "episode_length of its fleet is 50, but 7 was asked for or is what its Task says"),
    ],
)
def test_a_fleet_that_cannot_be_made_is_told_in_one_sentence(
    installed: Path, attribute: str, said: str
) -> None:
    with pytest.raises(FleetError, match=said) as caught:
        make_fleet(f"rails.tasks:{attribute}", 2, 0)
    assert "\n" not in str(caught.value)


def test_a_fleets_own_refusals_stay_as_they_are(installed: Path) -> None:
    with pytest.raises(FleetError, match="1 to 1000 robots"):
        make_fleet("cart", 5000, 0)


def test_a_task_without_supervisor_has_none_and_says_how_to_give_it_one(installed: Path) -> None:
    assert make_supervisors("rails.tasks:UNATTENDED", 0, 0) == []
    with pytest.raises(FleetError, match="has no algorithmic supervisor, which 2 seats ask for; give its"):
        make_supervisors("rails.tasks:UNATTENDED", 2, 0)


def test_robots_that_are_there_go_step_by_step_and_are_never_left_alone(installed: Path) -> None:
    there = "rails.tasks:THERE"
    assert is_physical(there)
    assert task_spaces(there) == Spaces((2,), "float32", 1)
    fleet = make_fleet(there, 2, 0)
    assert isinstance(fleet, InStep)
    assert fleet.act(np.zeros((2, 1), dtype=np.float32), np.array([True, True])).reward.shape == (2,)
    assert make_physical_fleet(there, 2, 0).slowest_s == 2.0
    for make in (make_demonstration_fleet, make_unassisted_fleet):
        assert isinstance(make(there, 2, 0), OwnFleet)
        with pytest.raises(FleetError, match="nobody would watch them; give its Task `demonstrations`"):
            make("rails.tasks:UNREHEARSED", 2, 0)
    with pytest.raises(FleetError, match="simulated"):
        make_physical_fleet("navigation", 2, 0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "a task cannot be called ''"),
        ({"name": "a/b"}, "a task cannot be called 'a/b'"),
        ({"name": "a..b"}, "a task cannot be called"),
        ({"name": "-cart"}, "a task cannot be called"),
        ({"defaults": {}}, "must be TaskDefaults"),
        ({"fleet": None}, "must be something to call"),
        ({"supervisor": "me"}, "must be something to call"),
        ({"physical": True}, "has no spaces"),
    ],
)
def test_a_description_that_cannot_be_one_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(FleetError, match=said):
        Task(**{"name": "cart", "defaults": DEFAULTS, "fleet": OwnFleet, **changes})


@pytest.mark.parametrize("value", [0, -1, 2.0, True, None])
def test_defaults_are_whole_numbers(value: object) -> None:
    with pytest.raises(FleetError, match=r"robots is .* whole number of at least 1"):
        TaskDefaults(episode_length=10, robots=value)


def test_no_more_supervise_than_there_are_robots() -> None:
    with pytest.raises(FleetError, match="supervisors is 5, more than the 4 robots"):
        TaskDefaults(episode_length=10, supervisors=5)


def test_a_task_learns_as_is_usual_unless_it_says_otherwise() -> None:
    assert Task(name="cart", defaults=DEFAULTS, fleet=OwnFleet).learning == Learning()
