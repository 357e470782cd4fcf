"""Random prior functions: part of an energy, never trained, different in every member."""

from pathlib import Path

import numpy as np
import pytest
import torch

from policy import (
    Dataset,
    EnergyNetwork,
    ImplicitPolicy,
    InputError,
    NetworkConfig,
    PolicyConfig,
    TrainingConfig,
    load_checkpoint,
    save_checkpoint,
    train,
)
from policy.energy.fast import FastEnergy
from policy.learning import CounterExampleConfig


@pytest.mark.parametrize("architecture", ["mlp", "residual"])
def test_the_fast_evaluation_knows_it(architecture: str) -> None:
    config = NetworkConfig((4,), 2, width=24, state_depth=4, architecture=architecture, prior_width=16)  # type: ignore[arg-type]
    torch.manual_seed(0)
    head = EnergyNetwork(config).head
    states, actions = torch.randn(30, 4), torch.rand(30, 20, 2) * 2 - 1
    fast = FastEnergy(head, precision="float32")  # type: ignore[arg-type]
    torch.testing.assert_close(fast(states, actions), head(states, actions).detach(), rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="prior_width -1"):
        NetworkConfig((4,), 2, prior_width=-1)


def test_a_prior_is_random_stands_still_and_comes_back_with_the_weights(tmp_path: Path) -> None:
    network = NetworkConfig((4,), 2, width=24, state_depth=2, normalise=True, prior_width=16, prior_scale=3.0)
    policy = ImplicitPolicy(PolicyConfig(network), seed=0)
    draws = torch.Generator().manual_seed(0)
    states, actions = (
        torch.randn((200, 4), generator=draws),
        torch.rand((200, 100, 2), generator=draws) * 2 - 1,
    )
    priors = [policy.network(member).head.prior for member in (0, 1)]  # type: ignore[union-attr]
    one, other = (prior(states, actions).detach() for prior in priors)  # type: ignore[operator]
    assert float(one.var(dim=1).mean().sqrt()) == pytest.approx(3.0, rel=0.3)
    assert float((one - other).abs().mean()) > 1.0
    dataset = Dataset(
        np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32),
        np.zeros((64, 2), np.float32),
        np.array("x"),
    )
    trained = train(policy, dataset, TrainingConfig(updates=30, batch_size=32), seed=0).policy
    after = trained.network(0).head.prior  # type: ignore[union-attr]
    assert torch.equal(after(states, actions), one)  # type: ignore[operator]
    save_checkpoint(tmp_path / "x.safetensors", trained)
    again = load_checkpoint(tmp_path / "x.safetensors")[0]
    seen = dataset.observations
    assert np.array_equal(again.decide(seen, 0).actions, trained.decide(seen, 0).actions)


@pytest.mark.slow(3)
def test_with_priors_members_agree_on_data_and_disagree_far_from_them() -> None:
    draws = np.random.default_rng(0)
    seen = draws.normal(size=(512, 2)).astype(np.float32)
    actions = np.tanh(seen[:, :1]).astype(np.float32)
    dataset = Dataset(seen, actions, np.array("x"))
    far = (8.0 * seen / np.linalg.norm(seen, axis=1, keepdims=True)).astype(np.float32)
    config = TrainingConfig(
        updates=400, batch_size=64, counter_examples=CounterExampleConfig(count=16, penalty=1.0, margin=3.0)
    )
    ratio = {}
    for width in (0, 32):
        network = NetworkConfig((2,), 1, width=48, state_depth=2, normalise=True, prior_width=width)
        policy = train(ImplicitPolicy(PolicyConfig(network), seed=0), dataset, config, seed=0).policy
        near, away = (
            float(policy.decide(states, 0).uncertainty.mean()) for states in (seen[:200], far[:200])
        )
        ratio[width] = away / near
    assert ratio[32] > 3.0
    assert ratio[32] > ratio[0]
