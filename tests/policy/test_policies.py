"""Policies decide: shapes, seeds, and what uncertainty means."""

import numpy as np
import pytest
import torch

from policy import ExplicitPolicy, ImplicitPolicy, InputError, NetworkConfig, PolicyConfig
from policy.implicit import ACTION_TEMPERATURE
from policy.sampling import bounds, importance
from tests.policy.conftest import SMALL


def images(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 16, 16, 3)).astype(np.uint8)


@pytest.mark.parametrize("sampler", ["fast", "published"])
def test_implicit_decision_has_one_row_per_robot_and_depends_on_the_seed_alone(sampler: str) -> None:
    policy = ImplicitPolicy(PolicyConfig(SMALL), seed=1, sampler=sampler)  # type: ignore[arg-type]
    before = torch.get_rng_state()
    one, same, other = policy.decide(images(5), 7), policy.decide(images(5), 7), policy.decide(images(5), 8)
    assert torch.equal(before, torch.get_rng_state())
    assert one.actions.shape == (5, 2)
    assert one.actions.dtype == np.float32
    assert np.abs(one.actions).max() <= 1
    assert one.uncertainty.shape == one.standard_error.shape == one.effective_sample_size.shape == (5,)
    assert np.array_equal(one.actions, same.actions)
    assert np.array_equal(one.uncertainty, same.uncertainty)
    assert not np.array_equal(one.uncertainty, other.uncertainty)


def test_members_with_equal_weights_are_never_unsure(small_policy: ImplicitPolicy) -> None:
    assert small_policy.decide(images(3), 0).uncertainty.max() > 1e-9
    small_policy.members[1].load_state_dict(small_policy.members[0].state_dict())
    assert small_policy.decide(images(3), 0).uncertainty.max() < 1e-9


def test_member_0_acts(small_policy: ImplicitPolicy) -> None:
    small_policy.temperature = 0.0
    actions = small_policy.decide(images(3), 0).actions
    for parameter in small_policy.members[1].parameters():
        parameter.data.zero_()
    # The other member still decides where the second stage of sampling looks, hence the tolerance.
    np.testing.assert_allclose(small_policy.decide(images(3), 0).actions, actions, atol=0.05)
    for parameter in small_policy.members[0].parameters():
        parameter.data.neg_()
    assert np.abs(small_policy.decide(images(3), 0).actions - actions).max() > 0.1


def test_explicit_ensemble_acts_by_its_mean_and_is_unsure_by_its_variance() -> None:
    ensemble = ExplicitPolicy(PolicyConfig(SMALL, members=5), seed=1)
    decision = ensemble.decide(images(4))
    each = []
    for member in ensemble.members:
        with torch.no_grad():
            each.append(member(torch.from_numpy(images(4))).clamp(-1, 1).numpy())
    np.testing.assert_allclose(decision.actions, np.mean(each, axis=0), atol=1e-6)
    np.testing.assert_allclose(decision.uncertainty, np.var(each, axis=0).mean(-1), atol=1e-6)
    single = ExplicitPolicy(PolicyConfig(SMALL, members=1, bootstrap=False), seed=1).decide(images(4))
    assert not single.uncertainty.any()


def test_observations_that_do_not_fit_are_refused(small_policy: ImplicitPolicy) -> None:
    with pytest.raises(InputError, match=r"shape \(2, 8, 8, 3\)"):
        small_policy.decide(np.zeros((2, 8, 8, 3), dtype=np.uint8), 0)
    with pytest.raises(InputError, match="dtype float32; valid is uint8"):
        small_policy.decide(np.zeros((2, 16, 16, 3), dtype=np.float32), 0)
    with pytest.raises(InputError, match="valid are fast, published"):
        ImplicitPolicy(sampler="slow")  # type: ignore[arg-type]


def test_actions_are_drawn_from_member_zero_at_the_policys_temperature() -> None:
    """A quadratic energy with sigma 0.4 at temperature 1 has sigma 0.4 * sqrt(0.25) at temperature 0.25."""
    low, high = bounds(-1.0, 1.0, 2)
    energy = lambda states, actions: actions.square().sum(-1) / (2 * 0.4**2)  # noqa: E731
    generator = torch.Generator().manual_seed(0)
    samples = importance([energy], [torch.zeros(4000, 1)], low, high, generator)
    for temperature in (0.25, 1.0):
        drawn = samples.draw(0, temperature, generator)
        expected = 0.4 * temperature**0.5
        if temperature < 1.0:  # at 1 the box cuts the tails
            assert drawn.std().item() == pytest.approx(expected, rel=0.05)
        else:
            assert drawn.std().item() > 0.35


def test_temperature_zero_minimises_and_a_warm_policy_does_not() -> None:
    observations = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    spread = {}
    for temperature in (0.0, 1.0):
        policy = ImplicitPolicy(seed=0, temperature=temperature)
        actions = np.stack([policy.decide(observations, seed).actions for seed in range(8)])
        spread[temperature] = actions.std(axis=0).mean()
    assert spread[0.0] < spread[1.0]
    with pytest.raises(InputError, match=r"temperature is 2\.0"):
        ImplicitPolicy(temperature=2.0)


def over_states(action_size: int, sharpness: float = 1.0) -> tuple[ImplicitPolicy, np.ndarray]:
    """A policy whose weights are large enough for energies with some relief, and states for it."""
    policy = ImplicitPolicy(PolicyConfig(NetworkConfig((5,), action_size, width=32)), seed=1)
    for member in range(2):
        for parameter in policy.network(member).head.parameters():
            parameter.data *= 2.5
        for parameter in list(policy.network(member).head.rest.children())[-1].parameters():  # type: ignore[union-attr]
            parameter.data *= sharpness
    return policy, np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)


def test_states_are_answered_by_minima_and_images_by_cold_draws() -> None:
    policy, states = over_states(2)
    assert policy.temperature == 0.0
    assert ImplicitPolicy(PolicyConfig(SMALL)).temperature == ACTION_TEMPERATURE
    actions = policy.decide(states, 0).actions
    grid = torch.cartesian_prod(torch.linspace(-1, 1, 81), torch.linspace(-1, 1, 81))
    with torch.no_grad():
        every = policy.network(0)(torch.from_numpy(states), grid.expand(12, -1, -1))
        found = policy.network(0)(torch.from_numpy(states), torch.from_numpy(actions)[:, None])[:, 0]
    assert (every < found[:, None]).float().mean(dim=1).max() < 0.01, "better actions on a fine grid"
    assert ((found - every.amin(dim=1)) / every.std(dim=1)).median() < 0.05


def test_sharp_energies_over_states_get_more_work_and_soft_ones_do_not() -> None:
    policy, states = over_states(4, sharpness=0.1)
    assert policy.decide(states, 0).effective_sample_size.min() > 0.9 * policy.sampling.samples
    policy, states = over_states(4, sharpness=10.0)
    low, high = bounds(-1.0, 1.0, 4)
    with torch.no_grad():
        features = [policy.network(member).encode(torch.from_numpy(states)) for member in range(2)]
    heads = [policy.network(member).head for member in range(2)]
    one_stage = importance(heads, features, low, high, torch.Generator().manual_seed(0), two_stages=False)
    least = one_stage.effective_sample_size.amin(dim=0)
    assert least.min() < 2
    decision = policy.decide(states, 0)
    assert decision.effective_sample_size.min() > 3 * least.min()
    assert (decision.standard_error < 0.2 * decision.uncertainty.mean()).all()


def test_a_policy_of_one_member_decides_over_states_without_uncertainty() -> None:
    policy = ImplicitPolicy(PolicyConfig(NetworkConfig((5,), 2, width=16), members=1, bootstrap=False))
    decision = policy.decide(np.zeros((3, 5), dtype=np.float32), 0)
    assert decision.actions.shape == (3, 2)
    assert not decision.uncertainty.any()
    assert np.isinf(decision.effective_sample_size).all()


def test_who_does_not_ask_how_unsure_a_policy_is_gets_its_actions_from_member_0_alone() -> None:
    """By the same minimum, in soft states and in sharp ones; and no uncertainty is made up."""
    network = NetworkConfig((4,), 2, width=32, state_depth=2)
    states = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    for sharpness in (1.0, 300.0):
        policy = ImplicitPolicy(PolicyConfig(network), seed=3)
        for member in policy.members:
            member.head.rest[-1].weight.data *= sharpness  # type: ignore[union-attr, index]
        asked, unasked = policy.decide(states, 0), policy.decide(states, 0, uncertainty=False)
        assert asked.uncertainty.min() > 0
        assert (unasked.uncertainty == 0).all()
        with torch.no_grad():
            energies = [
                policy.network(0)(torch.from_numpy(states), torch.from_numpy(made.actions)[:, None])
                for made in (asked, unasked)
            ]
            spread = policy.network(0)(torch.from_numpy(states), torch.rand(30, 200, 2) * 2 - 1).std()
        assert float((energies[1] - energies[0]).mean()) < 0.05 * float(spread)
        for parameter in policy.members[1].parameters():
            parameter.data.fill_(torch.nan)
        again = policy.decide(states, 0, uncertainty=False)
        assert np.array_equal(again.actions, unasked.actions)


def test_states_that_are_no_numbers_are_refused_by_name() -> None:
    policy = ImplicitPolicy(PolicyConfig(NetworkConfig((5,), 2, width=16)))
    states = np.zeros((4, 5), dtype=np.float32)
    states[2, 3] = np.nan
    with pytest.raises(InputError, match=r"observations\[2\] holds nan.*1 of 4"):
        policy.decide(states, 0)
    states[1, 0] = np.inf
    with pytest.raises(InputError, match=r"observations\[1\] holds inf.*2 of 4"):
        policy.decide(states, 0)
    with pytest.raises(InputError, match=r"shape \(4, 6\); valid is N times \(5,\)"):
        policy.decide(np.zeros((4, 6)), 0)
    with pytest.raises(InputError, match="valid are numbers"):
        policy.decide(np.full((4, 5), "x"), 0)
