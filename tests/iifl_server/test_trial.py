"""Trials of the paper's experiments: fair beside each other, resumable, told as they came out."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iifl_server.errors import RequestError
from iifl_server.experiments import catalogue, protocol, simulation, trial
from iifl_server.experiments.catalogue import Chosen
from iifl_server.experiments.protocol import ARMS, Size, Trial, size_of
from iifl_server.experiments.trial import RESULT, run_trial
from iifl_server.names import BENCHMARKS, SCALES

TINY = Size(
    seeds=2, robots=4, supervisors=2, steps=40, retrain_every=20, calibration=(4, 5), demonstrations=64,
    training=0.02,
)  # fmt: skip
TIMES = ("wall", "inference", "uncertainty", "training", "simulation", "supervision", "saving", "rest")


def quiet(done: float, text: str) -> None:
    assert 0.0 <= done <= 1.0


def decided(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name.removesuffix("_s") not in TIMES}


@pytest.mark.slow(12)
def test_every_arm_runs_and_random_help_costs_no_more_than_the_method(tmp_path: Path) -> None:
    results: dict[str, dict[str, Any]] = {}
    for arm in ("iifl", *(arm for arm in ARMS if arm != "iifl")):
        chosen = Trial("navigation", arm, 0, TINY, percentile=50.0)
        results[arm] = run_trial(chosen, tmp_path, quiet, results.get(chosen.follows.rpartition("-")[0]))
    assert results["iifl"]["teleoperation_actions"] > 0
    assert results["iifl-nearest"]["teleoperation_actions"] > 0
    budget = results["iifl"]["teleoperation_actions"]
    slack = TINY.supervisors * 5  # Help that has begun goes on for t_T steps.
    assert 0 < results["iifl-random"]["teleoperation_actions"] <= budget + slack
    for arm in ("bc", "ibc"):
        assert results[arm]["teleoperation_actions"] == 0
        assert results[arm]["samples"] == TINY.demonstrations
    assert results["iifl"]["samples"] > TINY.demonstrations
    starts = sorted(path.name.rsplit("-", 1)[0] for path in (tmp_path / "starts").glob("*.safetensors"))
    assert starts == ["cloning-0", "ensemble-0", "implicit-0"]  # Made once for all that begin with them.


@pytest.mark.slow(18)
def test_a_trial_that_was_cut_off_ends_as_it_would_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "SAVE_EVERY", 5)
    monkeypatch.setattr(simulation, "LARGEST_SAVING_SHARE", float("inf"))
    for arm, familiarity in (("iifl", 0.0), ("iifl", 1.0), ("iifl-nearest", 0.0)):
        chosen = Trial("navigation", arm, 1, TINY, percentile=50.0, familiarity=familiarity)
        whole = run_trial(chosen, tmp_path / "whole", quiet)

        def cut(done: float, text: str) -> None:
            if text.startswith("step 33"):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run_trial(chosen, tmp_path / "cut", cut)
        again = run_trial(chosen, tmp_path / "cut", quiet)
        assert decided(again) == decided(whole)
        assert run_trial(chosen, tmp_path / "cut", pytest.fail) == again  # Nothing runs twice.
        folder = tmp_path / "cut" / "trials" / chosen.name
        assert {path.name for path in folder.iterdir()} == {
            "simulation.json", "metrics.csv", "policy.safetensors", RESULT
        }  # fmt: skip


def test_a_policy_that_remembers_begins_with_the_weights_of_one_that_does_not(tmp_path: Path) -> None:
    plain = Trial("navigation", "iifl", 0, TINY, percentile=50.0)
    knowing = replace(plain, familiarity=1.0)
    assert knowing.name == "iifl-familiar-1-0"
    data = trial.demonstrations(plain, tmp_path)
    (one, _), (other, _) = (trial.beginning(each, tmp_path, data, quiet) for each in (plain, knowing))
    assert one.familiarity is None
    assert len(other.familiarity.known) == TINY.demonstrations
    assert len(list((tmp_path / "starts").glob("*.safetensors"))) == 1
    assert len(list((tmp_path / "starts").glob("*-threshold.json"))) == 2  # Each has a û of its own.
    for mine, theirs in zip(one.members.parameters(), other.members.parameters(), strict=True):
        assert mine.equal(theirs)


def test_a_folder_of_another_trial_is_refused(tmp_path: Path) -> None:
    run_trial(Trial("navigation", "bc", 0, replace(TINY, steps=4)), tmp_path, quiet)
    with pytest.raises(RequestError, match="another run"):
        run_trial(Trial("navigation", "bc", 0, replace(TINY, steps=5)), tmp_path, quiet)


def test_a_trial_survives_json_and_has_a_name_of_its_own() -> None:
    names = set()
    for task in protocol.SIZES:
        for scale in SCALES:
            for one in catalogue.trials(Chosen(task, scale)):
                assert Trial.from_dict(json.loads(json.dumps(one.to_dict()))) == one
                names.add((task, scale, one.name))
                assert one.name == f"{one.arm}-{one.seed}"
    counted = sum(len(catalogue.trials(Chosen(task, scale))) for task in protocol.SIZES for scale in SCALES)
    assert len(names) == counted
    assert len({one.seed for one in catalogue.trials(Chosen("ant", "smoke", seeds=4))}) == 4


def test_seeds_and_arms_are_chosen_and_what_an_arm_follows_must_be_among_them() -> None:
    some = catalogue.trials(
        Chosen("navigation", "smoke", seeds=2, first_seed=3, arms=("iifl", "iifl-random"))
    )
    assert [one.name for one in some] == ["iifl-random-3", "iifl-3", "iifl-random-4", "iifl-4"]
    with pytest.raises(RequestError, match="arms are dagger; valid for navigation are bc, ibc"):
        catalogue.trials(Chosen("navigation", "smoke", arms=("dagger",)))
    with pytest.raises(RequestError, match="need the budget of iifl too"):
        catalogue.trials(Chosen("navigation", "smoke", arms=("iifl-random",)))


def test_the_paper_size_is_the_papers() -> None:
    for task in ("ball_balance", "ant", "anymal", "franka_cube_stack"):
        size = size_of(task, "paper")
        assert (size.seeds, size.robots, size.supervisors, size.steps) == (3, 100, 10, 10_000)
        assert (size.calibration, size.retrain_every) == ((100, 1000), 1000)
        plan = Trial(task, "iifl", 0, size, "paper").plan("implicit")
        assert (plan.initial.updates, plan.initial.batch_size) == (size.demonstrations // 2, 512)
        assert plan.retraining.updates == 2000
        assert (plan.network.width, plan.network.state_depth) == (256, 6)
    each = Trial("ant", "ifl", 0, size_of("ant", "paper"), each_step=True)
    assert each.plan("ensemble").retraining.updates == 2
    franka = catalogue.trials(Chosen("franka_cube_stack", "paper"))
    assert all(one.threshold == 0.0 and not one.learns for one in franka)


def test_what_there_is_not_is_refused_by_name() -> None:
    with pytest.raises(RequestError, match="algorithm is 'dagger'"):
        Trial("navigation", "dagger", 0, TINY)
    with pytest.raises(RequestError, match="recipe is 'best'"):
        Trial("navigation", "bc", 0, TINY, recipe="best")
    with pytest.raises(RequestError, match="no experiment 'chess'"):
        size_of("chess", "desk")


@pytest.mark.slow(20)
def test_an_experiment_writes_its_table_claims_and_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(protocol.SIZES, "navigation", {"smoke": TINY})
    monkeypatch.setattr(trial, "AUTONOMOUS_TRIALS", 5)
    catalogue.run(Chosen("navigation", "smoke", seeds=1), tmp_path, 0, quiet, None)
    results = json.loads((tmp_path / "results.json").read_text())
    assert set(results) == set(ARMS)
    assert set(results["iifl"]["autonomous_success_rate"]) == {"mean", "sd", "n", "values", "interval"}
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["about"]["scale"] == "smoke"
    assert {claim["verdict"] for claim in report["claims"]} == {"underpowered"}  # One seed proves nothing.
    text = (tmp_path / "results.md").read_text()
    assert "| *paper* | | *100 %* |" in text
    for figure in ("figure-1", "curves"):
        assert (tmp_path / f"{figure}.png").stat().st_size > 1000
        assert (tmp_path / f"{figure}.svg").exists()


def test_every_experiment_has_a_name_and_every_name_an_experiment() -> None:
    others = {"jeffreys", "does_it_learn", "timing", "all"}
    assert set(BENCHMARKS) == set(protocol.SIZES) | others
