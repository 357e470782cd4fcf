"""Headless runs: what they write, that a seed decides them, and that an interrupted one goes on."""

import json
from pathlib import Path
from typing import Any

import pytest

from iifl_server.errors import RequestError
from iifl_server.experiments import simulation as module
from iifl_server.experiments.simulation import Simulation, run_simulation
from iifl_server.learning.recipes import Recipe
from policy import ImplicitPolicy, TrainingConfig, save_checkpoint
from robots.fleet import FleetError

NOT_DECIDED_BY_THE_SEED = {"wall_s", "inference_s", "uncertainty_s", "training_s"}
COUNTS = {"successes", "autonomous_successes", "hard_resets", "idle_robot_steps", "switches"}
EFFORT = {"human_actions", "teleoperation_actions", "rohe", "rohe_released", "reward_total", "average_reward"}
REQUEST = {"task", "algorithm", "seed", "robots", "supervisors", "steps", "uncertainty_threshold"}
KEYS = COUNTS | EFFORT | REQUEST | NOT_DECIDED_BY_THE_SEED


@pytest.fixture(autouse=True)
def untrained(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that know nothing, and a retraining of a few updates every 50 steps."""
    settings.SHIPPED, settings.DATA = tmp_path / "shipped", tmp_path / "var"
    folder = settings.SHIPPED / "block_push"
    for name, policy in (("policy", ImplicitPolicy(seed=0)), ("cloning", ImplicitPolicy(seed=1))):
        save_checkpoint(folder / f"{name}.safetensors", policy, uncertainty_threshold=0.05, trained_on=336)
    real = module.recipe("block_push")
    short = Recipe(
        real.network, real.initial, TrainingConfig(updates=3, batch_size=8), real.threshold_percentile
    )
    monkeypatch.setattr(module, "recipe", lambda task: short)


def run(out: Path, algorithm: str = "iifl", steps: int = 60, seed: int = 0, **changes: Any) -> dict[str, Any]:
    out.mkdir(exist_ok=True)
    values = {"robots": 3, "supervisors": 1} | changes
    return run_simulation(
        Simulation("block_push", algorithm, steps=steps, seed=seed, **values), out, lambda *_: None
    )


def decided(metrics: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metrics.items() if name not in NOT_DECIDED_BY_THE_SEED}


def test_metrics_have_the_documented_keys_and_a_row_per_step(tmp_path: Path) -> None:
    metrics = run(tmp_path / "a", steps=12)
    assert set(metrics) >= KEYS
    assert json.loads((tmp_path / "a" / "metrics.json").read_text()) == metrics
    assert len((tmp_path / "a" / "metrics.csv").read_text().splitlines()) == 13


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(tmp_path: Path) -> None:
    first, second = run(tmp_path / "a"), run(tmp_path / "b")
    run(tmp_path / "c", seed=1)
    assert decided(first) == decided(second)
    assert (tmp_path / "a" / "metrics.csv").read_text() == (tmp_path / "b" / "metrics.csv").read_text()
    assert (tmp_path / "a" / "metrics.csv").read_text() != (tmp_path / "c" / "metrics.csv").read_text()
    assert first["human_actions"] > 0


def test_an_interrupted_run_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole")
    out = tmp_path / "parts"
    out.mkdir()

    def stop(step: int, _row: dict[str, float]) -> None:
        if step == 55:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_simulation(Simulation("block_push", "iifl", 3, 1, 60, 0), out, stop)
    assert not (out / "metrics.json").exists()
    resumed = []
    metrics = run_simulation(
        Simulation("block_push", "iifl", 3, 1, 60, 0), out, lambda step, _: resumed.append(step)
    )
    assert resumed[0] == 51
    assert decided(metrics) == decided(whole)
    assert (out / "metrics.csv").read_text() == (tmp_path / "whole" / "metrics.csv").read_text()


def test_a_folder_of_another_run_is_refused_and_left_alone(tmp_path: Path) -> None:
    before = run(tmp_path / "a", steps=5)
    with pytest.raises(RequestError, match="another run"):
        run(tmp_path / "a", steps=5, seed=9)
    assert run(tmp_path / "a", steps=5) == before


@pytest.mark.parametrize("algorithm", ["bc", "ibc"])
def test_without_interaction_supervisors_only_reset(tmp_path: Path, algorithm: str) -> None:
    metrics = run(tmp_path / "a", algorithm, steps=40)
    assert metrics["teleoperation_actions"] == 0
    assert metrics["hard_resets"] > 0


def test_random_help_stays_within_its_budget(tmp_path: Path) -> None:
    metrics = run(tmp_path / "a", "iifl-random", steps=60, random_budget=60)
    assert 0 < metrics["teleoperation_actions"] <= 60 + 3


def test_more_supervisors_than_robots_and_unknown_algorithms_are_refused() -> None:
    with pytest.raises(RequestError, match="supervisors is 3, more than the 2 robots"):
        Simulation("block_push", "iifl", 2, 3, 10, 0)
    with pytest.raises(RequestError, match="'sarsa'"):
        Simulation("block_push", "sarsa", 2, 1, 10, 0)
    with pytest.raises(FleetError, match="'juggling'"):
        Simulation("juggling", "iifl", 2, 1, 10, 0)
