"""Supervisors that were trained beforehand: reading their networks, and how the ones that ship do."""

import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from safetensors.numpy import save_file

from robots.fleet import FleetError
from robots.registry import make_fleet, make_supervisors
from robots.supervisors.ppo_recipes import RECIPES, training_recipe
from robots.supervisors.trained import WEIGHTS, Network, TrainedSupervisor, load_network, shipped_network


class Seen:
    """A fleet of which only observations are looked at."""

    def __init__(self, states: list[list[float]]) -> None:
        self._states = np.array(states, dtype=np.float32)

    def observe(self) -> np.ndarray:
        return self._states


def network(bias: float = 0.0) -> Network:
    """Two inputs, standardised by (1, 2), to their ELU, and then to their sum."""
    layers = (
        (np.eye(2, dtype=np.float32), np.zeros(2, np.float32)),
        (np.ones((1, 2), np.float32), np.full(1, bias, np.float32)),
    )
    return Network(np.ones(2, np.float32), np.full(2, 2.0, np.float32), layers, {})


def test_a_network_standardises_and_activates() -> None:
    found = network()(np.array([[2.0, 2.0], [-1.0, 1.0], [1001.0, 1.0]], np.float32))
    assert np.allclose(found[:, 0], [1.0, np.expm1(-1.0), 5.0], atol=1e-6)


def test_actions_are_the_networks_with_a_little_noise_within_bounds() -> None:
    fleet = Seen([[1.0, 1.0]] * 500 + [[9.0, 9.0]] * 500)
    actions = TrainedSupervisor("trained", network(), 0, noise=0.05).actions(fleet, range(1000))
    assert np.abs(actions[:500].mean()) < 0.01
    assert 0.04 < actions[:500].std() < 0.06
    assert actions.max() <= 1.0
    assert 0.3 < (actions[500:] == 1.0).mean() < 0.7, "noise comes after clipping"


def test_only_the_asked_robots_are_answered_for() -> None:
    fleet = Seen([[1.0, 1.0], [3.0, 1.0], [1.0, 3.0]])
    supervisor = TrainedSupervisor("trained", network(), 0, noise=0.0)
    assert np.allclose(supervisor.actions(fleet, [1]), [[1.0]])
    with pytest.raises(FleetError, match="robot"):
        supervisor.actions(fleet, [3])


def test_files_that_hold_no_network_are_refused(tmp_path) -> None:
    with pytest.raises(FleetError, match="train-supervisor"):
        load_network(tmp_path / "none.safetensors")
    (tmp_path / "damaged.safetensors").write_bytes(b"not a network")
    with pytest.raises(FleetError, match="holds no supervisor's network"):
        load_network(tmp_path / "damaged.safetensors")
    save_file({"other": np.zeros(3)}, tmp_path / "other.safetensors", metadata={"about": json.dumps({})})
    with pytest.raises(FleetError, match="holds no supervisor's network"):
        load_network(tmp_path / "other.safetensors")


def test_a_task_without_a_recipe_is_answered_with_the_valid_ones() -> None:
    with pytest.raises(FleetError, match=r"valid are .*ant"):
        training_recipe("navigation")


@pytest.mark.parametrize("task", sorted(RECIPES))
def test_what_ships_is_small_and_says_how_it_was_made(task: str) -> None:
    assert (WEIGHTS / f"{task}.safetensors").stat().st_size < 1_000_000
    about = shipped_network(task).about
    assert about["task"] == task
    assert about["config"]["robots"] > 0
    assert about["trained"]["steps"] > 100_000


def test_the_trained_ant_runs_and_stays_on_its_feet() -> None:
    fleet = make_fleet("ant", 10, 77)
    (supervisor,) = make_supervisors("ant", 1, 0)
    fallen = np.zeros(10, dtype=np.bool_)
    for _ in range(150):
        fallen |= fleet.act(supervisor.actions(fleet, range(10)), ~fallen).violation
    assert fallen.sum() <= 1
    assert np.median(fleet._simulations.positions[:, 0]) > 4.0, "metres towards the target in 2.5 s"


def test_the_trained_anymal_walks_as_commanded_and_stays_on_its_feet() -> None:
    fleet = make_fleet("anymal", 20, 77)
    (supervisor,) = make_supervisors("anymal", 1, 0)
    fallen = np.zeros(20, dtype=np.bool_)
    off = []
    for step in range(150):
        fallen |= fleet.act(supervisor.actions(fleet, range(20)), ~fallen).violation
        if step >= 75:
            seen = fleet.observe()
            off.append(np.linalg.norm(seen[:, :2] - seen[:, 9:11], axis=1) / 2.0)  # 1.0 is 0.5 m/s
    assert fallen.sum() <= 3
    assert np.median(off) < 0.2, "metres a second off the command, which is 1.2 on average"


@pytest.mark.slow(30)
def test_the_command_trains_goes_on_and_writes_network_and_curve(tmp_path, capsys) -> None:
    for iterations in (1, 2):
        call_command("train-supervisor", "ant", robots=4, iterations=iterations, out=tmp_path)
        assert f"{iterations} iterations" in capsys.readouterr().out
    assert load_network(tmp_path / "ant.safetensors").about["trained"]["iteration"] == 2
    assert len((tmp_path / "curve.csv").read_text().splitlines()) == 3
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_refuses_a_task_without_a_recipe() -> None:
    with pytest.raises(CommandError, match=r"navigation.* is not valid"):
        call_command("train-supervisor", "navigation")
