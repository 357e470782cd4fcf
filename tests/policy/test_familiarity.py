"""A policy that remembers what it learned from is unsure elsewhere, whatever its energies agree on."""

from pathlib import Path

import numpy as np
import pytest
import torch

from policy.energy.config import NetworkConfig, PolicyConfig
from policy.errors import InputError
from policy.implicit import ImplicitPolicy
from policy.learning.checkpoint import load_checkpoint, save_checkpoint
from policy.learning.config import TrainingConfig
from policy.learning.dataset import Dataset
from policy.learning.trainer import train
from policy.uncertainty.familiarity import Familiarity
from policy.uncertainty.nearest import NearestSample

NETWORK = NetworkConfig((3,), 2, width=16, state_depth=2, normalise=True)


@pytest.fixture(scope="module")
def data() -> Dataset:
    states = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)
    return Dataset(states, np.tanh(states[:, :2]), np.array("demonstration"))


@pytest.fixture(scope="module")
def policy(data: Dataset) -> ImplicitPolicy:
    untrained = ImplicitPolicy(PolicyConfig(NETWORK, familiarity=1.0))
    return train(untrained, data, TrainingConfig(20, 32), seed=0).policy


def test_known_states_are_familiar_and_t_grows_with_the_logarithm_of_the_distance_beyond() -> None:
    familiarity = Familiarity(1, slope=2.0)
    assert familiarity(torch.ones(3, 1)).tolist() == [0.0, 0.0, 0.0]  # Nothing is known yet.
    known = torch.arange(100.0)[:, None]
    familiarity.learn(known)
    step = float(familiarity.usual) / float(familiarity.scale)
    assert 1.0 <= step <= 5.0
    lean = familiarity(99.0 + step * torch.tensor([[-10.0], [0.5], [1.0], [2.0], [4.0]]))
    assert lean.tolist() == pytest.approx([0.0, 0.0, 0.0, 2 * np.log(2), 2 * np.log(4)], abs=1e-4)


def test_order_is_that_of_the_nearest_sample_and_idle_components_are_left_out() -> None:
    draws = np.random.default_rng(1)
    known = draws.normal(size=(300, 4)).astype(np.float32) * [1.0, 5.0, 0.2, 0.0] + [0, 0, 0, 7.0]
    known = known.astype(np.float32)
    familiarity = Familiarity(4, slope=1.0)
    familiarity.learn(torch.from_numpy(known))
    seen = (known[:50] + draws.normal(size=(50, 4)) * 3.0).astype(np.float32)
    t = familiarity(torch.from_numpy(seen)).numpy()
    far = t > 0
    assert far.sum() > 10
    expected = NearestSample(known)(seen)[far]
    assert (np.argsort(t[far]) == np.argsort(expected)).all()


def test_what_is_usual_stays_as_the_first_states_were_apart() -> None:
    familiarity = Familiarity(1, slope=1.0)
    familiarity.learn(torch.arange(10.0)[:, None])
    before = float(familiarity.usual), float(familiarity.scale)
    familiarity.learn(torch.tensor([[0.0], [100.0]]))
    assert (float(familiarity.usual), float(familiarity.scale)) == before
    assert float(familiarity(torch.tensor([[100.0]]))) == 0.0


def test_one_state_alone_is_known() -> None:
    familiarity = Familiarity(2, slope=1.0)
    familiarity.learn(torch.zeros(1, 2))
    assert familiarity(torch.zeros(1, 2)).tolist() == [0.0]


def test_far_states_are_unsure_and_no_action_changes(policy: ImplicitPolicy, data: Dataset) -> None:
    plain = policy.remembering(torch.from_numpy(np.array(data.observations)), 0.0)
    assert plain.familiarity is None
    seen = np.array(data.observations[:50])
    known, before = policy.decide(seen, 0), plain.decide(seen, 0)
    np.testing.assert_array_equal(known.actions, before.actions)
    np.testing.assert_array_equal(known.uncertainty, before.uncertainty)
    assert not policy.decide(seen + 8.0, 0, uncertainty=False).uncertainty.any()
    t = policy.unfamiliarity(torch.from_numpy(seen + 8.0)).numpy()
    assert (t > 1.0).all()
    np.testing.assert_allclose(
        policy.decide(seen + 8.0, 0).uncertainty, plain.decide(seen + 8.0, 0).uncertainty + t, rtol=1e-5
    )


def test_what_is_known_follows_training_and_comes_back_from_a_checkpoint(
    policy: ImplicitPolicy, data: Dataset, tmp_path: Path
) -> None:
    far = np.full((1, 3), 9.0, dtype=np.float32)
    longer = Dataset(
        np.concatenate([data.observations, far]),
        np.concatenate([data.actions, np.zeros((1, 2), dtype=np.float32)]),
        np.array("demonstration"),
    )
    again = train(policy, longer, TrainingConfig(1, 32), seed=1).policy
    assert float(policy.unfamiliarity(torch.from_numpy(far))) > 1.0
    assert float(again.unfamiliarity(torch.from_numpy(far))) == 0.0
    save_checkpoint(tmp_path / "one", again)
    loaded = load_checkpoint(tmp_path / "one")[0]
    assert loaded.estimator == "jeffreys-importance-familiarity-1"
    np.testing.assert_array_equal(
        loaded.decide(far + 5.0, 0).uncertainty, again.decide(far + 5.0, 0).uncertainty
    )


def test_a_policy_may_be_told_what_is_known(policy: ImplicitPolicy) -> None:
    here = torch.full((3, 3), 2.0) + torch.eye(3)
    made = policy.remembering(here, 2.0)
    assert made.estimator == "jeffreys-importance-familiarity-2"
    assert made.unfamiliarity(here).tolist() == [0.0] * 3
    assert (made.unfamiliarity(-here) > 1.0).all()


def test_familiarity_needs_states_and_a_finite_weight() -> None:
    with pytest.raises(InputError, match="familiarity is -1"):
        PolicyConfig(NETWORK, familiarity=-1.0)
    with pytest.raises(InputError, match="images"):
        PolicyConfig(NetworkConfig(), familiarity=1.0)
