"""Tasks by name: what can be made, and what a wrong name or number is answered with."""

import pytest

from robots.fleet import FleetError
from robots.registry import make_fleet, make_supervisors, task_defaults, task_names


def test_block_push_is_registered_with_the_published_times() -> None:
    assert "block_push" in task_names()
    defaults = task_defaults("block_push")
    assert (defaults.robots, defaults.supervisors) == (4, 2)
    assert (defaults.minimum_intervention_steps, defaults.hard_reset_steps) == (3, 5)
    assert (defaults.retrain_every, defaults.demonstrations) == (50, 336)


@pytest.mark.parametrize("name", ["chess", "", "Block_Push", None, ["block_push"]])
def test_an_unknown_task_is_answered_with_the_valid_ones(name: str) -> None:
    for call in (lambda: make_fleet(name, 4, 0), lambda: make_supervisors(name, 2, 0)):
        with pytest.raises(FleetError, match=r"valid tasks are: .*block_push"):
            call()
    with pytest.raises(FleetError, match="valid tasks are"):
        task_defaults(name)


@pytest.mark.parametrize("robots", [0, -1, 1001, 2.0, True, "4", None])
def test_a_fleet_has_one_to_a_thousand_robots(robots: int) -> None:
    with pytest.raises(FleetError, match="1 to 1000"):
        make_fleet("block_push", robots, 0)


@pytest.mark.parametrize("seed", [-1, 0.5, "0", True, None])
def test_a_seed_is_a_whole_number(seed: int) -> None:
    with pytest.raises(FleetError, match="seed"):
        make_fleet("block_push", 1, seed)
    with pytest.raises(FleetError, match="seed"):
        make_supervisors("block_push", 1, seed)


@pytest.mark.parametrize("count", [-1, 1.0, True, "2"])
def test_a_count_of_supervisors_is_a_whole_number(count: int) -> None:
    with pytest.raises(FleetError, match="supervisors"):
        make_supervisors("block_push", count, 0)


def test_supervisors_alternate_and_have_noise_of_their_own() -> None:
    supervisors = make_supervisors("block_push", 4, 0)
    assert [supervisor.direction for supervisor in supervisors] == ["clockwise", "counterclockwise"] * 2
    assert len({supervisor.name for supervisor in supervisors}) == 4
    states = {supervisor.snapshot()["generator"].tobytes() for supervisor in supervisors}
    assert len(states) == 4
    assert make_supervisors("block_push", 0, 0) == []


def test_the_first_supervisors_do_not_depend_on_the_count() -> None:
    few, many = make_supervisors("block_push", 1, 5), make_supervisors("block_push", 3, 5)
    assert few[0].snapshot()["generator"].tobytes() == many[0].snapshot()["generator"].tobytes()
