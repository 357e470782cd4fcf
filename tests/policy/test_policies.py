"""Policies decide: shapes, seeds, and what uncertainty means."""

import numpy as np
import pytest
import torch

from policy import ExplicitPolicy, ImplicitPolicy, InputError, PolicyConfig
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
