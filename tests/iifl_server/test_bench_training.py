"""The fast recipe is worth no less than the published one, on a size that takes seconds."""

import json
from pathlib import Path

import pytest

from iifl_server.experiments.performance import training
from iifl_server.experiments.performance.common import Options
from iifl_server.experiments.performance.problem import make_problem
from policy import InputError


def test_quality_is_no_worse_than_the_published_recipes(tmp_path: Path) -> None:
    lines: list[str] = []
    found = training.run(Options("smoke", repeats=1, threads=1), lines.append)
    assert found["heldout_nll"] <= found["heldout_nll_baseline"]
    assert found["action_error"] <= found["action_error_baseline"]
    assert len(found["heldout_nll_seeds"]) == len(found["action_error_baseline_seeds"]) == 1
    assert found["ratio"] == pytest.approx(found["baseline_s"] / found["ours_s"])
    assert found["machine"]["threads"] == 1
    json.dumps(found)
    assert any("times as fast" in line for line in lines)


def test_the_problem_repeats_itself_and_has_modes() -> None:
    one, same, other = (make_problem(seed, samples=200, held_out=50) for seed in (0, 0, 1))
    assert one.train.digest() == same.train.digest() != other.train.digest()
    assert one.train.observations.shape == (200, 60)
    assert one.answers.shape == (50, 2, 8)
    distance = abs(one.held_out.actions[:, None] - one.answers).max(axis=(1, 2))
    assert (abs(one.answers[:, 0] - one.answers[:, 1]).max(axis=1) > 0.3).mean() > 0.9
    assert (abs(one.held_out.actions[:, None] - one.answers).max(axis=2).min(axis=1) < 0.5).all()
    assert distance.max() > 0.5
    assert one.nll < -4
    with pytest.raises(InputError, match="each at least 1"):
        make_problem(0, samples=0)
