"""Headless runs: what they write, that a seed decides them, and that an interrupted one goes on."""

import csv
import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from iifl_server.errors import RequestError
from iifl_server.experiments import simulation as module
from iifl_server.experiments.run_files import RunFiles
from iifl_server.experiments.simulation import Simulation, run_simulation
from iifl_server.learning.calibrating import Calibration, weights_digest
from iifl_server.learning.recipes import Recipe
from policy import (
    ImplicitPolicy,
    InputError,
    NetworkConfig,
    PolicyConfig,
    TrainingConfig,
    save_checkpoint,
)
from policy.allocation.safety_critic import CriticConfig
from robots.fleet import FleetError

NOT_DECIDED_BY_THE_SEED = {
    "wall_s",
    "inference_s",
    "uncertainty_s",
    "training_s",
    "simulation_s",
    "supervision_s",
    "saving_s",
    "rest_s",
}
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
    monkeypatch.setattr(module, "LARGEST_SAVING_SHARE", math.inf)  # A save whenever one is due.


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


def test_help_by_the_nearest_sample_finds_a_threshold_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DISTANCES", (3, 4))
    metrics = run(tmp_path / "a", "iifl-nearest", steps=12)
    assert metrics["uncertainty_threshold"] > 0.05  # That of the policy is in another unit.
    kept = json.loads((tmp_path / "a" / "calibration.json").read_text())
    assert kept["estimator"] == "nearest-sample"
    assert run(tmp_path / "b", "iifl-nearest", steps=5, threshold=0.0)["human_actions"] > 0


@pytest.mark.slow(12)
def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(tmp_path: Path) -> None:
    first, second = run(tmp_path / "a"), run(tmp_path / "b")
    run(tmp_path / "c", seed=1)
    assert decided(first) == decided(second)
    assert (tmp_path / "a" / "metrics.csv").read_text() == (tmp_path / "b" / "metrics.csv").read_text()
    assert (tmp_path / "a" / "metrics.csv").read_text() != (tmp_path / "c" / "metrics.csv").read_text()
    assert first["human_actions"] > 0


@pytest.mark.slow(8)
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


@pytest.fixture
def saved_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that was interrupted after step 11: saved at steps 5 and 10."""
    monkeypatch.setattr(module, "SAVE_EVERY", 5)

    def stop(step: int, _row: dict[str, float]) -> None:
        if step == 11:
            raise KeyboardInterrupt

    out = tmp_path / "run"
    out.mkdir()
    with pytest.raises(KeyboardInterrupt):
        run_simulation(Simulation("block_push", "ibc", 2, 1, 12, 0), out, stop)
    return out


def go_on(out: Path, seed: int = 0) -> int:
    """The first step that was taken when the run went on."""
    taken: list[int] = []
    run_simulation(Simulation("block_push", "ibc", 2, 1, 12, seed), out, lambda step, _: taken.append(step))
    return taken[0]


def cut(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("name", ["resume.npz", "policy-step-10.safetensors", "dataset-step-10.npz"])
def test_of_a_save_that_was_cut_the_one_before_is_used(saved_twice: Path, name: str, share: float) -> None:
    cut(saved_twice / name, share)
    assert go_on(saved_twice) == 6


def test_the_save_that_was_gone_on_with_stays_until_there_are_two(saved_twice: Path) -> None:
    cut(saved_twice / "resume.npz", 0.5)
    assert go_on(saved_twice) == 6  # And saves step 10 again.
    (saved_twice / "metrics.json").unlink()
    cut(saved_twice / "resume.npz", 0.5)
    assert go_on(saved_twice) == 6


@pytest.mark.parametrize("share", [0.5, None])
def test_a_description_that_was_cut_or_is_gone_is_taken_from_the_save(
    saved_twice: Path, share: float | None
) -> None:
    def damage() -> None:
        request = saved_twice / "simulation.json"
        request.unlink() if share is None else cut(request, share)

    damage()
    with pytest.raises(RequestError, match="another run"):
        go_on(saved_twice, seed=9)
    damage()
    assert go_on(saved_twice) == 11


def test_where_nothing_whole_is_left_the_mend_is_named(saved_twice: Path) -> None:
    for name in ("resume.npz", "resume-before.npz"):
        cut(saved_twice / name, 0.5)
    with pytest.raises(RequestError, match=r"cut off or damaged .* remove .*resume.npz and .*before.npz"):
        go_on(saved_twice)
    cut(saved_twice / "simulation.json", 0.5)
    with pytest.raises(RequestError, match="no save says which run"):
        go_on(saved_twice)


def test_results_that_were_cut_are_made_again(saved_twice: Path) -> None:
    go_on(saved_twice)
    whole = json.loads((saved_twice / "metrics.json").read_text())
    cut(saved_twice / "metrics.json", 0.5)
    assert go_on(saved_twice) == 11
    assert decided(json.loads((saved_twice / "metrics.json").read_text())) == decided(whole)


def test_a_folder_of_another_run_is_refused_and_left_alone(tmp_path: Path) -> None:
    before = run(tmp_path / "a", steps=5)
    with pytest.raises(RequestError, match="another run"):
        run(tmp_path / "a", steps=5, seed=9)
    assert run(tmp_path / "a", steps=5) == before


def test_a_run_goes_on_only_on_the_backend_it_began_with(tmp_path: Path) -> None:
    def wanted(backend: str) -> Simulation:
        return Simulation("ant", "bc", 2, 1, 5, 0, backend=backend)

    assert wanted("mujoco") == wanted("")
    folder = tmp_path / "a"
    folder.mkdir()
    RunFiles(folder).claim(asdict(wanted("mjwarp")), {})
    RunFiles(folder).claim(asdict(wanted("mjwarp")), {})
    with pytest.raises(RequestError, match=r"another run .*'backend': 'mjwarp'"):
        RunFiles(folder).claim(asdict(wanted("mujoco")), {})
    with pytest.raises(FleetError, match="valid are: pymunk"):
        Simulation("block_push", "bc", 2, 1, 5, 0, backend="mjwarp")


@pytest.mark.parametrize("algorithm", ["bc", "ibc"])
def test_without_interaction_supervisors_only_reset(tmp_path: Path, algorithm: str) -> None:
    metrics = run(tmp_path / "a", algorithm, steps=40)
    assert metrics["teleoperation_actions"] == 0
    assert metrics["hard_resets"] > 0


@pytest.mark.slow(4)
def test_random_help_stays_within_its_budget(tmp_path: Path) -> None:
    metrics = run(tmp_path / "a", "iifl-random", steps=60, random_budget=60)
    assert 0 < metrics["teleoperation_actions"] <= 60 + 3


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch, settings: Any, untrained: None) -> None:
    """Saved every 3 steps; every 4 the critic learns a little, and a small policy nothing."""
    small = PolicyConfig(NetworkConfig(channels=(4, 4, 4), features=8, width=16))
    path = settings.SHIPPED / "block_push" / "policy.safetensors"
    save_checkpoint(path, ImplicitPolicy(small, seed=0), uncertainty_threshold=0.05, trained_on=336)
    monkeypatch.setattr(module, "retraining", lambda *_: lambda policy, dataset, step: policy)
    real = module.task_defaults("block_push")
    monkeypatch.setattr(module, "task_defaults", lambda task: replace(real, retrain_every=4))
    monkeypatch.setattr(module, "SAVE_EVERY", 3)
    few = lambda *shapes, **_: CriticConfig(*shapes, updates=4, batch_size=8)  # noqa: E731
    monkeypatch.setattr(module, "CriticConfig", few)


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize(
    "changes",
    [
        {"priority": "constraint_uncertainty_risk", "risk_threshold": 0.1, "threshold": 1e6},
        {"call_share": 0.5},
    ],
)
def test_critics_and_running_thresholds_go_on_where_a_run_was_interrupted(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    whole = run(tmp_path / "whole", steps=11, supervisors=3, **changes)
    simulation = Simulation("block_push", "iifl", 3, 3, 11, 0, **changes)

    def stop(step: int, _row: dict[str, float]) -> None:
        if step == 8:
            raise KeyboardInterrupt

    out = tmp_path / "parts"
    out.mkdir()
    with pytest.raises(KeyboardInterrupt):
        run_simulation(simulation, out, stop)
    resumed = []
    metrics = run_simulation(simulation, out, lambda step, _: resumed.append(step))
    assert resumed[0] == 7
    assert decided(metrics) == decided(whole)
    assert (out / "metrics.csv").read_text() == (tmp_path / "whole" / "metrics.csv").read_text()
    if "priority" in changes:  # nobody is unsure, so before the critic first learned nobody called
        rows = list(csv.DictReader((out / "metrics.csv").read_text().splitlines()))
        assert [int(row["teleoperation_actions"]) for row in rows[:4]] == [0] * 4
        assert int(rows[-1]["teleoperation_actions"]) > 0


def test_a_calibrated_run_finds_its_threshold_first_and_says_what_it_is_valid_for(tmp_path: Path) -> None:
    heard: list[float] = []
    out = tmp_path / "a"
    out.mkdir()
    simulation = Simulation("block_push", "iifl", 2, 1, 2, 0, calibration=Calibration(2, 3, 50.0))
    metrics = run_simulation(simulation, out, lambda *_: None, lambda done, _: heard.append(done))
    found = json.loads((out / "calibration.json").read_text())
    assert (
        metrics["uncertainty_threshold"] == found["uncertainty_threshold"] == found["percentiles"]["50"] > 0
    )
    policy = module.initial_policy("block_push", "iifl")[0]
    assert (found["estimator"], found["weights_sha256"]) == (policy.estimator, weights_digest(policy))
    assert heard == pytest.approx([1 / 3, 2 / 3, 1])


def test_a_folder_of_before_there_was_a_setting_is_gone_on_with(tmp_path: Path) -> None:
    before = run(tmp_path / "a", steps=3)
    request = tmp_path / "a" / "simulation.json"
    kept = ("task", "algorithm", "robots", "supervisors", "steps", "seed", "random_budget")
    request.write_text(json.dumps({name: json.loads(request.read_text())[name] for name in kept}))
    assert run(tmp_path / "a", steps=3) == before
    with pytest.raises(RequestError, match="another run"):
        run(tmp_path / "a", steps=3, threshold=0.5)


@pytest.mark.parametrize(
    ("algorithm", "changes", "words"),
    [
        ("iifl", {"priority": "loudest"}, "priority is 'loudest'; valid are uncertainty_constraint"),
        ("bc", {"threshold": 1.0}, "valid for ifl, iifl, iifl-nearest"),
        ("iifl-random", {"call_share": 0.1}, "valid for ifl, iifl, iifl-nearest"),
        ("iifl", {"threshold": 1.0, "calibration": Calibration()}, "valid is one"),
        ("iifl", {"threshold": float("nan")}, "uncertainty_threshold is nan"),
        ("iifl", {"threshold": -0.1}, "uncertainty_threshold is -0.1"),
        ("iifl", {"call_share": 1.0}, "call_share is 1.0"),
        ("iifl", {"risk_threshold": 2.0}, "risk_threshold is 2.0"),
    ],
)
def test_settings_that_make_no_sense_are_refused_before_a_folder_is_claimed(
    algorithm: str, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises((RequestError, InputError), match=words):
        Simulation("block_push", algorithm, 2, 1, 10, 0, **changes)


def test_more_supervisors_than_robots_and_unknown_algorithms_are_refused() -> None:
    with pytest.raises(RequestError, match="supervisors is 3, more than the 2 robots"):
        Simulation("block_push", "iifl", 2, 3, 10, 0)
    with pytest.raises(RequestError, match="'sarsa'"):
        Simulation("block_push", "sarsa", 2, 1, 10, 0)
    with pytest.raises(FleetError, match="'juggling'"):
        Simulation("juggling", "iifl", 2, 1, 10, 0)
