"""How well a policy predicts samples that it did not learn from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from policy.decision import as_observations
from policy.errors import InputError
from policy.implicit import ImplicitPolicy
from policy.learning.trainer import Policy
from policy.sampling.box import bounds
from policy.sampling.importance import ImportanceConfig, importance


@dataclass(frozen=True)
class HeldOut:
    """Errors on held-out samples."""

    action_error: float
    """Mean distance between the policy's actions and the supervisors' [action units]."""
    nll: float
    """Mean negative log density of the supervisors' actions under member 0 at temperature 1 [nats]; NaN for
    an explicit policy."""


def evaluate(
    policy: Policy, observations: NDArray[Any], actions: NDArray[np.float32], *, seed: int = 0
) -> HeldOut:
    """Errors on n samples: observations, (n, ...), and actions, (n, A). Raises InputError for none."""
    if not len(observations) or len(observations) != len(actions):
        raise InputError(f"{len(observations)} observations and {len(actions)} actions: equal, at least one")
    chosen = policy.decide(observations, torch.Generator().manual_seed(seed)).actions
    error = float(np.linalg.norm(chosen - actions, axis=-1).mean())
    nll = float("nan")
    if isinstance(policy, ImplicitPolicy):
        states = as_observations(observations, policy.config.network)
        nll = float(_nll(policy, states, torch.from_numpy(np.array(actions)), seed).mean())
    return HeldOut(error, nll)


@torch.inference_mode()
def _nll(policy: ImplicitPolicy, states: Tensor, actions: Tensor, seed: int) -> Tensor:
    """E(s, a) + log Z(s) of member 0, (n,); Z by importance samples."""
    network = policy.network(0)
    low, high = bounds(-1.0, 1.0, actions.shape[1])
    features = network.encode(states)
    generator = torch.Generator().manual_seed(seed)
    samples = importance(
        [network.head], [features], low, high, generator, ImportanceConfig(2048), two_stages=False
    )
    volume = (high - low).prod().log()
    log_z = torch.logsumexp(-samples.energies[0], dim=-1) - np.log(samples.actions.shape[1]) + volume
    result: Tensor = network.head(features, actions[:, None])[:, 0] + log_z
    return result
