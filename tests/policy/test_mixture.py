"""Mixtures of Gaussians: densities integrate to one, draws follow them, and two answers stay two."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from policy import (
    Dataset,
    ExplicitPolicy,
    InputError,
    NetworkConfig,
    PolicyConfig,
    TrainingConfig,
    evaluate,
    train,
)
from policy.explicit import Mixture, MixtureNetwork, MixturePolicy
from policy.learning import Density, OwnLoss, load_checkpoint, nearest_action_error, save_checkpoint
from tests.policy.conftest import SMALL

STATES = NetworkConfig(observation_shape=(3,), action_size=2, width=32, state_depth=2)
SINGLE = PolicyConfig(STATES, members=1, bootstrap=False)
QUICK = TrainingConfig(updates=400, batch_size=64, learning_rate=5e-3, precision="float32")


@pytest.fixture
def torn() -> Dataset:
    """Half the supervisors go to (0, 0.6), half to (0, -0.6), whatever the state."""
    draws = np.random.default_rng(0)
    sides = np.where(np.arange(400) % 2, 0.6, -0.6)
    actions = np.stack([np.zeros(400), sides], axis=1) + draws.normal(0, 0.05, (400, 2))
    return Dataset(
        draws.normal(size=(400, 3)).astype(np.float32), actions.astype(np.float32), np.array("both")
    )


def wild_mixture(states: int = 2, components: int = 3, size: int = 2) -> Mixture:
    """Components of all widths, some of them next to a bound."""
    draws = torch.Generator().manual_seed(0)
    return Mixture(
        torch.log_softmax(torch.randn(states, components, generator=draws), dim=-1),
        torch.tanh(2.0 * torch.randn(states, components, size, generator=draws)),
        0.05 + 0.9 * torch.rand(states, components, size, generator=draws),
    )


def test_density_integrates_to_one_over_the_box_and_is_nothing_beyond() -> None:
    cells = 400
    centres = (torch.arange(cells) + 0.5) * 2.0 / cells - 1.0
    grid = torch.cartesian_prod(centres, centres).expand(2, -1, -1)
    total = wild_mixture().log_density(grid).exp().sum(dim=1) * (2.0 / cells) ** 2
    torch.testing.assert_close(total, torch.ones(2), atol=1e-3, rtol=0)
    assert (wild_mixture().log_density(torch.tensor([[[0.0, 1.01]], [[-1.5, 0.0]]])) == -math.inf).all()


def test_draws_follow_the_density() -> None:
    mixture = wild_mixture()
    drawn = mixture.sample(20_000, torch.Generator().manual_seed(1))
    assert drawn.shape == (2, 20_000, 2)
    assert drawn.abs().max() <= 1.0
    # The mean of 1 / density over its own draws is the box's volume, 4: only if both agree everywhere.
    volume = (-mixture.log_density(drawn)).exp().mean(dim=1)
    torch.testing.assert_close(volume, torch.full((2,), 4.0), atol=0.0, rtol=0.15)
    cells = 200
    centres = (torch.arange(cells) + 0.5) * 2.0 / cells - 1.0
    grid = torch.cartesian_prod(centres, centres).expand(2, -1, -1)
    mass = mixture.log_density(grid).exp() * (2.0 / cells) ** 2
    torch.testing.assert_close(drawn.mean(1), (mass[..., None] * grid).sum(1), atol=0.02, rtol=0)


def test_two_answers_stay_two_where_behaviour_cloning_answers_between_them(torn: Dataset) -> None:
    mixture = train(MixturePolicy(SINGLE, components=4), torn, QUICK, seed=0).policy
    cloning = train(ExplicitPolicy(SINGLE), torn, QUICK, seed=0).policy
    drawn = mixture.sample(torn.observations[:50], 100, 0)[..., 1]
    assert 0.3 < (drawn > 0).mean() < 0.7
    assert (np.abs(np.abs(drawn) - 0.6) < 0.2).mean() > 0.95
    assert np.abs(np.abs(mixture.decide(torn.observations).actions[:, 1]) - 0.6).max() < 0.2
    assert np.abs(cloning.decide(torn.observations).actions[:, 1]).mean() < 0.3
    nll = evaluate(mixture, torn.observations, torn.actions).nll
    truth = math.log(2) + 2 * math.log(0.05 * math.sqrt(2 * math.pi * math.e))
    assert truth - 0.3 < nll < truth + 0.5
    near = [nearest_action_error(policy, torn.observations, torn.actions) for policy in (mixture, cloning)]
    assert near[0] < 0.1 < 0.4 < near[1]


def test_likelihood_of_an_action_that_never_varies_is_bounded_by_the_floor() -> None:
    states = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
    always = Dataset(states, np.tile(np.float32([1.0, 0.3]), (64, 1)), np.array("x"))
    policy = train(MixturePolicy(SINGLE, components=2, floor=0.05), always, QUICK, seed=0).policy
    found = policy.log_likelihood(states, always.actions)
    # Two Gaussians as narrow as they may be, one of which the bound cuts in half.
    bound = -2 * math.log(0.05 * math.sqrt(2 * math.pi)) + math.log(2)
    assert bound - 1.0 < found.mean() <= found.max() <= bound + 1e-4


def test_every_parameter_gets_a_gradient() -> None:
    torch.manual_seed(0)
    network = MixtureNetwork(SMALL, components=3)
    draws = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (16, 16, 16, 3), generator=draws, dtype=torch.uint8)
    actions = torch.rand((16, 2), generator=draws) * 2 - 1
    network.loss(images, actions, draws).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_gradients_stay_finite_at_the_bounds_and_far_from_every_component() -> None:
    network = MixtureNetwork(STATES, components=2, floor=1e-3)
    with torch.no_grad():
        network.readout.bias.fill_(40.0)  # means at +1, deviations at the floor
    states = torch.randn((8, 3), generator=torch.Generator().manual_seed(0))
    for value in (1.0, -1.0, 0.0):
        loss = network.loss(states, torch.full((8, 2), value), torch.Generator())
        network.zero_grad()
        loss.backward()
        assert torch.isfinite(loss)
        assert all(torch.isfinite(parameter.grad).all() for parameter in network.parameters())


def test_a_decision_is_the_likeliest_components_mode_or_a_draw() -> None:
    states = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    policy = MixturePolicy(SINGLE, seed=2, components=3)
    with torch.no_grad():
        mixture = policy.members[0](torch.from_numpy(states))
    picks = mixture.log_weights.argmax(dim=1)
    expected = np.stack([mixture.means[row, pick].numpy() for row, pick in enumerate(picks)])
    before = torch.get_rng_state()
    decision = policy.decide(states, 7)
    assert torch.equal(before, torch.get_rng_state())
    np.testing.assert_allclose(decision.actions, expected, atol=1e-6)
    assert decision.actions.dtype == np.float32
    assert not decision.uncertainty.any()
    assert policy.estimator == "none"
    drawing = MixturePolicy(SINGLE, seed=2, components=3, choice="sample")
    one, same, other = (drawing.decide(states, seed).actions for seed in (7, 7, 8))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_members_that_differ_are_unsure_by_jeffreys_divergence() -> None:
    """Two single Gaussians of deviation s, m apart, far from the box: D_J is |m|^2 / s^2."""
    policy = MixturePolicy(PolicyConfig(STATES), components=1, floor=0.01)
    shift = 0.1
    for member, mean in zip(policy.members, (0.0, shift), strict=True):
        with torch.no_grad():
            member.readout.weight.zero_()
            member.readout.bias.copy_(torch.tensor([0.0, math.atanh(mean), 0.0, 0.0, 0.0]))  # deviation 0.1
    states = np.zeros((2000, 3), dtype=np.float32)
    decision = policy.decide(states, 0)
    assert decision.uncertainty.mean() == pytest.approx(shift**2 / 0.1**2, rel=0.02)
    assert decision.uncertainty.std() == pytest.approx(decision.standard_error.mean(), rel=0.1)
    policy.members[1].load_state_dict(policy.members[0].state_dict())
    assert policy.decide(states[:5], 0).uncertainty.max() == 0.0
    assert policy.estimator == "jeffreys-mixture"


def test_it_is_a_density_with_a_loss_of_its_own() -> None:
    policy = MixturePolicy(SINGLE)
    assert isinstance(policy, Density)
    assert isinstance(policy.members[0], OwnLoss)


def test_a_checkpoint_brings_it_back(tmp_path: Path) -> None:
    policy = MixturePolicy(SINGLE, seed=3, components=5, floor=0.02, choice="sample")
    save_checkpoint(tmp_path / "mixture.safetensors", policy)
    loaded, manifest = load_checkpoint(tmp_path / "mixture.safetensors")
    assert isinstance(loaded, MixturePolicy)
    assert manifest["kind"] == "mixture"
    assert (loaded.components, loaded.floor, loaded.choice) == (5, 0.02, "sample")
    states = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    assert np.array_equal(policy.decide(states, 1).actions, loaded.decide(states, 1).actions)


@pytest.mark.parametrize("components", [0, -1, 2.0, True])
def test_numbers_of_components_that_are_none_are_refused(components: object) -> None:
    with pytest.raises(InputError, match="components is"):
        MixturePolicy(SINGLE, components=components)  # type: ignore[arg-type]


def test_other_values_that_are_not_valid_are_refused() -> None:
    for floor in (0.0, 1.0, math.nan):
        with pytest.raises(InputError, match="floor is"):
            MixturePolicy(SINGLE, floor=floor)
    with pytest.raises(InputError, match="valid are likeliest, sample"):
        MixturePolicy(SINGLE, choice="best")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="observations have shape"):
        MixturePolicy(SINGLE).decide(np.zeros((2, 4), np.float32))
