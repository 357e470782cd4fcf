"""Held-out errors against densities that are known."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from policy import Decision, ExplicitPolicy, ImplicitPolicy, InputError, NetworkConfig, PolicyConfig, evaluate
from policy.learning import nearest_action_error, sample_actions

NETWORK = NetworkConfig((4,), 2, width=16, state_depth=2)
STATES = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)


def made_of(energy: Any) -> ImplicitPolicy:
    """An implicit policy whose energy is a function."""

    class Head(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.unused = torch.nn.Parameter(torch.zeros(1))

        def forward(self, features: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = energy(features, actions)
            return result

    policy = ImplicitPolicy(PolicyConfig(NETWORK, members=1, bootstrap=False))
    policy.network(0).head = Head()  # type: ignore[assignment]
    return policy


@pytest.mark.parametrize("sigma", [0.3, 0.1, 0.01])
def test_nll_of_a_gaussian_is_the_formula(sigma: float) -> None:
    policy = made_of(lambda features, actions: (actions / sigma).square().sum(-1) / 2)
    actions = np.random.default_rng(1).normal(0, sigma, (30, 2)).clip(-1, 1).astype(np.float32)
    expected = np.square(actions / sigma).sum(axis=1).mean() / 2 + 2 * np.log(sigma * np.sqrt(2 * np.pi))
    found = evaluate(policy, STATES, actions)
    assert found.nll_error < 0.08
    assert found.nll == pytest.approx(expected, abs=4 * found.nll_error)


@pytest.mark.parametrize("sigma", [0.2, 0.01])
def test_samples_follow_the_density_and_the_nearest_of_many_is_near(sigma: float) -> None:
    def two(features: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        sides = torch.tensor([[0.5, 0.0], [-0.5, 0.0]])
        distance = (actions[..., None, :] - sides).square().sum(-1)
        return -torch.logsumexp(-distance / (2 * sigma**2), dim=-1)

    policy = made_of(two)
    drawn = sample_actions(policy, STATES, 64, 0)
    assert drawn.shape == (30, 64, 2)
    right = drawn[..., 0] > 0
    assert 0.4 < right.mean() < 0.6
    assert drawn[..., 0][right].std() == pytest.approx(sigma, rel=0.15)
    actions = np.tile(np.array([[0.5, 0.0]], np.float32), (30, 1))
    assert nearest_action_error(policy, STATES, actions, samples=32) < sigma
    assert nearest_action_error(policy, STATES, actions, samples=32) < 0.5 * nearest_action_error(
        policy, STATES, actions, samples=1
    )


def test_a_policy_without_a_density_has_its_one_action() -> None:
    policy = ExplicitPolicy(PolicyConfig(NETWORK, 1, False), seed=3)
    actions = np.zeros((30, 2), np.float32)
    found = evaluate(policy, STATES, actions)
    assert np.isnan(found.nll)
    assert nearest_action_error(policy, STATES, actions, samples=8) == pytest.approx(found.action_error)


def test_a_policy_that_knows_its_density_is_asked() -> None:
    class Flat(ExplicitPolicy):
        kind = "flat"

        def log_likelihood(self, observations: object, actions: NDArray[np.float32]) -> NDArray[np.float64]:
            return np.full(len(actions), -np.log(4.0))

        def sample(
            self, observations: object, count: int, generator: torch.Generator | int
        ) -> NDArray[np.float32]:
            return np.random.default_rng(0).uniform(-1, 1, (30, count, 2)).astype(np.float32)

        def decide(self, observations: object, generator: torch.Generator | int = 0) -> Decision:
            return super().decide(observations)

    policy = Flat(PolicyConfig(NETWORK, 1, False))
    actions = np.zeros((30, 2), np.float32)
    assert evaluate(policy, STATES, actions).nll == pytest.approx(np.log(4.0))
    assert nearest_action_error(policy, STATES, actions, samples=100) < 0.2


def test_what_cannot_be_judged_is_refused() -> None:
    policy = ExplicitPolicy(PolicyConfig(NETWORK, 1, False))
    with pytest.raises(InputError, match="at least one"):
        evaluate(policy, STATES[:0], np.zeros((0, 2), np.float32))
    with pytest.raises(InputError, match=r"valid is \(n, 2\)"):
        evaluate(policy, STATES, np.zeros((30, 3), np.float32))
    with pytest.raises(InputError, match="finite"):
        nearest_action_error(policy, STATES, np.full((30, 2), np.nan, np.float32))
    with pytest.raises(InputError, match="samples is 0"):
        nearest_action_error(policy, STATES, np.zeros((30, 2), np.float32), samples=0)
