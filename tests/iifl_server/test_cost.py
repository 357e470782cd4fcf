"""A large fleet says what it costs before it starts."""

from pathlib import Path

import pytest

from iifl_server.learning.cost import seconds_per_robot, told_cost
from policy import ImplicitPolicy, save_checkpoint
from policy.errors import InputError


def test_a_fleet_that_keeps_its_pace_says_so_and_one_that_does_not_names_what_does() -> None:
    assert told_cost(0.001, 100, 1.0, 10.0).endswith("10% of the pace of 1 s.")
    slow = told_cost(0.0068, 1000, 1.0, 10.0)
    assert "about 6.8 s of one core per step, 680% of the pace of 1 s" in slow
    assert "up to --robots 147 keep it, or --pace 6.8" in slow
    assert "--pace" not in told_cost(0.1, 1000, 1.0, 10.0)
    with pytest.raises(InputError, match="robots is 0"):
        told_cost(0.1, 0, 1.0, 10.0)


def test_it_is_measured_with_the_policy_of_the_run(tmp_path: Path) -> None:
    path = tmp_path / "policy.safetensors"
    save_checkpoint(path, ImplicitPolicy(seed=0), uncertainty_threshold=1.0, trained_on=1)
    assert 0 < seconds_per_robot(path, "block_push") < 10
