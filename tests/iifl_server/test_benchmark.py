"""The benchmark's arms are fair, its report says what the runs said, and it goes on after an interruption."""

import json
from pathlib import Path
from typing import Any

import pytest

from iifl_server.experiments import does_it_learn, learning_arms, simulation, unassisted
from iifl_server.experiments.does_it_learn import Job, run, run_job
from iifl_server.learning.recipes import Recipe
from policy import ImplicitPolicy, TrainingConfig, save_checkpoint

STEPS = 100


@pytest.fixture
def untrained(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that know nothing and always ask, and retrainings of two updates."""
    settings.SHIPPED, settings.DATA = tmp_path / "shipped", tmp_path / "var"
    path = settings.SHIPPED / "block_push" / "policy.safetensors"
    save_checkpoint(path, ImplicitPolicy(seed=0), uncertainty_threshold=0.0, trained_on=336)
    real = simulation.recipe("block_push")
    short = Recipe(
        real.network, real.initial, TrainingConfig(updates=2, batch_size=8), real.threshold_percentile
    )
    monkeypatch.setattr(simulation, "recipe", lambda task: short)
    monkeypatch.setattr(unassisted, "FLEETS", 1)


@pytest.mark.usefixtures("untrained")
@pytest.mark.slow(30)
def test_controls_have_the_updates_of_the_method_and_no_or_as_much_new_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trainings: list[tuple[int, int]] = []
    real = simulation.train

    def spy(policy: Any, dataset: Any, config: Any, *, seed: int) -> Any:
        trainings.append((seed, len(dataset)))
        return real(policy, dataset, config, seed=seed)

    monkeypatch.setattr(simulation, "train", spy)
    supervised = learning_arms.supervised_arm("block_push", 2, 1, STEPS, 0)
    method, trainings = trainings, []
    new = supervised["samples_at_retraining"]
    assert 0 < new[0] < new[1]
    assert [size for _, size in method] == [336 + count for count in new]

    learning_arms.control_arm("block_push", 2, STEPS, 0, supervised, offline=False)
    assert trainings == [(seed, 336) for seed, _ in method]
    trainings = []
    offline = learning_arms.control_arm("block_push", 2, STEPS, 0, supervised, offline=True)
    assert trainings == method
    assert offline["new_samples"] == new[-1]
    at_random = learning_arms.random_arm("block_push", 2, 1, STEPS, 0, supervised)
    assert 0 < at_random["teleoperation_actions"] <= supervised["teleoperation_actions"] + 3


@pytest.mark.usefixtures("untrained")
def test_a_supervisor_reaches_goals_that_an_untrained_policy_does_not() -> None:
    supervisor = unassisted.evaluate_supervisor("block_push", 0, robots=4, steps=40, seed=0)
    untrained = unassisted.evaluate_policy(
        ImplicitPolicy(seed=0), "block_push", robots=4, steps=40, seed=0, threshold=0.0
    )
    assert supervisor["goals"] > 10 > untrained["goals"]
    assert untrained["calls_for_help"] > 0


def test_the_report_compares_what_the_runs_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    goals = {
        "supervisor 1": 80,
        "supervisor 2": 80,
        "implicit": 60,
        "cloning": 30,
        "supervised": 75,
        "control": 60,
    }
    kept = tmp_path / "jobs"
    kept.mkdir()
    for arm in (*does_it_learn.UNASSISTED, *does_it_learn.LEARNING):
        for seed in range(3):
            row = {
                "goals": goals.get(arm, 50) + seed - 1,
                "violations": 2,
                "calls_for_help": 4,
                "new_samples": 9,
            }
            row |= {"calls_first_third": 12, "calls_last_third": 5}
            (kept / f"{arm}-{seed}.json".replace(" ", "-")).write_text(json.dumps(row))
    monkeypatch.setattr(does_it_learn, "run_job", None)  # everything is there: nothing may run again
    results = run("desk", tmp_path, 0, lambda *_: None)
    claims = results["claims"]
    assert claims["goals_over_cloning"] == pytest.approx(2.0)
    assert claims["goals_over_supervisors"] == pytest.approx(0.75)
    assert claims["goals_over_control"] == pytest.approx(1.25)
    assert claims["calls_first_third"] == 12
    goals = results["unassisted"]["implicit"]["goals"]
    low, high = goals.pop("interval")
    assert 59 <= low < 60 < high <= 61
    assert goals == {"mean": 60, "sd": 1, "n": 3, "values": [59, 60, 61]}
    assert "| implicit | 60.0 ± 1.0 [" in (tmp_path / "results.md").read_text()
    assert (tmp_path / "results.png").stat().st_size > 1000


def test_a_cloning_policy_reports_no_calls(
    untrained: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = settings.SHIPPED / "block_push" / "cloning.safetensors"
    save_checkpoint(path, ImplicitPolicy(seed=0), uncertainty_threshold=0.0, trained_on=336)
    monkeypatch.setattr(does_it_learn, "STEPS", 5)
    assert "calls_for_help" not in run_job(Job("cloning", 0), None)
    assert "calls_for_help" in run_job(Job("implicit", 0), None)
