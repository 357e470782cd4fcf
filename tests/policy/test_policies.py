"""Policies decide: shapes, seeds, and what uncertainty means."""

import numpy as np
import pytest
import torch

from policy import ExplicitPolicy, ImplicitPolicy, InputError, PolicyConfig
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
