"""The fast recipe is worth no less than the published one, on a size that takes seconds."""

import json
import math
from pathlib import Path

import pytest

from iifl_server.bench import training
from iifl_server.bench.common import Options
from iifl_server.bench.problem import make_problem
from policy import InputError


@pytest.mark.slow(16)
def test_quality_is_no_worse_than_the_published_recipes(tmp_path: Path) -> None:
    lines: list[str] = []
    found = training.run(Options("smoke", repeats=1, threads=1), lines.append)
    assert found["gates"] == {"heldout_nll": True, "action_error": True, "answer_error": True}, lines
    assert len(found["heldout_nll_seeds"]) == len(found["action_error_baseline_seeds"]) == 3
    assert found["ratio"] == pytest.approx(found["baseline_s"] / found["ours_s"])
    assert found["machine"]["threads"] == 1
    json.dumps(found)
    assert any("times as fast" in line for line in lines)


@pytest.mark.parametrize(
    ("ours", "passes"),
    [
        ([0.9, 1.9, 2.9], True),  # better
        ([1.0, 2.0, 3.0], True),
        ([1.03, 2.0, 3.0], True),  # within two standard errors (0.02) and the margin
        ([1.02, 2.02, 3.02], False),  # by little, but every time
        ([1.5, 1.9, 3.0], False),  # within two standard errors, but not within the margin
    ],
)
def test_no_worse_means_neither_a_steady_loss_nor_one_that_is_excused_by_its_spread(
    ours: list[float], passes: bool
) -> None:
    assert training.no_worse(ours, [1.0, 2.0, 3.0], margin=0.05)[2] is passes


def test_one_seed_has_no_spread_to_excuse_it() -> None:
    assert training.no_worse([1.0], [1.0], margin=0.05) == (0.0, 0.0, True)
    assert not training.no_worse([1.01], [1.0], margin=0.05)[2]


def test_the_margin_of_likelihood_is_of_what_was_learned() -> None:
    uniform = 8 * math.log(2.0)
    plain = [training.Judged(1.0, uniform - 2.0, 0.0, 0.5)] * 3
    ours = [training.Judged(1.0, uniform - 2.0 + gap, 0.0, 0.5) for gap in (-0.1, 0.05, 0.3)]
    worse = [training.Judged(1.0, uniform - 2.0 + gap, 0.0, 0.5) for gap in (-0.1, 0.1, 0.5)]
    said: list[str] = []
    figures = training.compare({"ours": ours, "published": plain}, 8, said.append)
    assert figures["gates"] == {"heldout_nll": True, "action_error": True, "answer_error": True}
    assert not training.compare({"ours": worse, "published": plain}, 8, said.append)["gates"]["heldout_nll"]
    assert any("short held-out NLL" in line for line in said)


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
