"""Training learns, repeats itself, and says when it fails."""

import math

import numpy as np
import pytest
import torch

from policy import (
    Dataset,
    ExplicitPolicy,
    ImplicitPolicy,
    InputError,
    PolicyConfig,
    PolicyError,
    TrainingConfig,
    evaluate,
    train,
)
from policy.learning import CounterExampleConfig, info_nce, published
from policy.learning.losses import gradient_penalty
from tests.policy.conftest import SMALL

QUICK = TrainingConfig(updates=150, batch_size=32, fold=2, learning_rate=3e-3, precision="float32")


def weights(policy: torch.nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in policy.parameters()])


def test_implicit_training_finds_the_actions_and_leaves_the_given_policy_alone(
    small_policy: ImplicitPolicy, bright_or_dark: Dataset
) -> None:
    before = weights(small_policy).clone()
    heard: list[float] = []
    report = train(small_policy, bright_or_dark, QUICK, seed=0, progress=lambda done, _: heard.append(done))
    assert torch.equal(weights(small_policy), before)
    errors = evaluate(report.policy, bright_or_dark.observations, bright_or_dark.actions)
    untrained = evaluate(small_policy, bright_or_dark.observations, bright_or_dark.actions)
    assert errors.action_error < 0.2 < untrained.action_error
    assert errors.nll < 0 < untrained.nll == pytest.approx(math.log(4), abs=0.2)
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    assert report.data_hash == bright_or_dark.digest()
    assert (report.samples, report.updates) == (40, 150)


def test_explicit_training_finds_the_actions(bright_or_dark: Dataset) -> None:
    report = train(ExplicitPolicy(PolicyConfig(SMALL, 1, False)), bright_or_dark, QUICK, seed=0)
    assert evaluate(report.policy, bright_or_dark.observations, bright_or_dark.actions).action_error < 0.2


def test_both_modes_survive_in_an_energy_and_their_mean_in_behaviour_cloning(bright_or_dark: Dataset) -> None:
    sides = np.where(np.arange(40) % 4 < 2, 0.5, -0.5)  # no matter how bright the image is
    actions = np.stack([np.zeros(40), sides], axis=1).astype(np.float32)
    torn = Dataset(bright_or_dark.observations, actions, np.array("both"))
    undecided = ImplicitPolicy(PolicyConfig(SMALL, 1, False), temperature=0.0)
    implicit = train(undecided, torn, QUICK, seed=0).policy
    explicit = train(ExplicitPolicy(PolicyConfig(SMALL, 1, False)), torn, QUICK, seed=0).policy
    chosen = implicit.decide(torn.observations, 0).actions
    assert np.abs(np.abs(chosen[:, 1]) - 0.5).max() < 0.3
    assert np.abs(explicit.decide(torn.observations).actions[:, 1]).mean() < 0.15


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_equal_seeds_give_equal_weights(
    small_policy: ImplicitPolicy, bright_or_dark: Dataset, precision: str
) -> None:
    config = TrainingConfig(updates=5, batch_size=8, fold=2, precision=precision)  # type: ignore[arg-type]
    one, same, other = (
        weights(train(small_policy, bright_or_dark, config, seed=seed).policy) for seed in (3, 3, 4)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@pytest.mark.slow(11)
def test_published_recipe_learns_on_a_small_size(
    small_policy: ImplicitPolicy, bright_or_dark: Dataset
) -> None:
    small_policy.temperature = 0.0  # the minimum, as published
    report = train(small_policy, bright_or_dark, published(updates=120, batch_size=32), seed=0)
    errors = evaluate(report.policy, bright_or_dark.observations, bright_or_dark.actions)
    assert errors.action_error < 0.4


def test_info_nce_is_the_log_of_the_number_of_candidates_where_nothing_is_known() -> None:
    assert float(info_nce(torch.zeros(4), torch.zeros(4, 9))) == pytest.approx(math.log(10))
    energies = torch.randn(4, 10, generator=torch.Generator().manual_seed(0))
    shifted = energies + 50.0
    torch.testing.assert_close(
        info_nce(energies[:, 0], energies[:, 1:]), info_nce(shifted[:, 0], shifted[:, 1:]), atol=1e-4, rtol=0
    )


def test_gradient_penalty_is_a_mean_of_what_exceeds_the_margin() -> None:
    slope = torch.tensor([3.0, -0.5])

    def plane(states: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        return actions @ slope

    for count in (1, 8):  # does not grow with the number of counter-examples
        actions = torch.zeros(2, count, 2)
        assert float(gradient_penalty(plane, torch.zeros(2), actions)) == pytest.approx((3.0 - 1.0) ** 2)
    assert float(gradient_penalty(plane, torch.zeros(2), torch.zeros(2, 3, 2), margin=3.5)) == 0


def test_a_diverging_loss_is_told_and_not_kept(small_policy: ImplicitPolicy, bright_or_dark: Dataset) -> None:
    with pytest.raises(PolicyError, match="Try again with a learning rate below"):
        train(small_policy, bright_or_dark, TrainingConfig(50, 8, learning_rate=1e30), seed=0)
    assert torch.isfinite(weights(small_policy)).all()


def test_what_cannot_be_learned_from_is_refused(small_policy: ImplicitPolicy) -> None:
    empty = Dataset(np.zeros((0, 16, 16, 3), np.uint8), np.zeros((0, 2), np.float32), np.zeros(0, "<U1"))
    with pytest.raises(InputError, match="empty"):
        train(small_policy, empty, seed=0)
    states = Dataset(np.zeros((2, 5), np.float32), np.zeros((2, 2), np.float32), np.array("x"))
    with pytest.raises(InputError, match=r"\(16, 16, 3\)"):
        train(small_policy, states, seed=0)
    with pytest.raises(InputError, match="valid are uniform, langevin"):
        CounterExampleConfig(kind="wild")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="batch_size 0"):
        TrainingConfig(batch_size=0)


def test_progress_can_stop_a_training(small_policy: ImplicitPolicy, bright_or_dark: Dataset) -> None:
    def stop(done: float, _: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(small_policy, bright_or_dark, QUICK, seed=0, progress=stop)
