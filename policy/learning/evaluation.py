"""How well a policy predicts samples that it did not learn from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from policy.decision import as_generator, as_observations
from policy.errors import InputError
from policy.implicit import ImplicitPolicy
from policy.learning.kinds import Density, Policy
from policy.sampling.box import bounds
from policy.sampling.importance import ImportanceConfig, ImportanceSamples, importance


@dataclass(frozen=True)
class HeldOut:
    """Errors on held-out samples."""

    action_error: float
    """Mean distance between the policy's actions and the supervisors' [action units]."""
    nll: float
    """Mean negative log density of the supervisors' actions, of an implicit policy under member 0 at
    temperature 1 [nats]; NaN for a policy without a density."""


def evaluate(
    policy: Policy, observations: NDArray[Any], actions: NDArray[np.float32], *, seed: int = 0
) -> HeldOut:
    """Errors on n samples: observations, (n, ...), and actions, (n, A). Raises InputError for none."""
    _check(policy, observations, actions)
    chosen = policy.decide(observations, torch.Generator().manual_seed(seed)).actions
    error = float(np.linalg.norm(chosen - actions, axis=-1).mean())
    nll = float("nan")
    if isinstance(policy, ImplicitPolicy):
        states = as_observations(observations, policy.config.network)
        nll = float(_nll(policy, states, torch.from_numpy(np.array(actions)), seed).mean())
    elif isinstance(policy, Density):
        nll = float(-policy.log_likelihood(observations, actions).mean())
    return HeldOut(error, nll)


def nearest_action_error(
    policy: Policy,
    observations: NDArray[Any],
    actions: NDArray[np.float32],
    *,
    samples: int = 16,
    seed: int = 0,
) -> float:
    """Mean distance from each of n supervisors' actions to the nearest of a policy's samples [action units].

    A policy that keeps every way in which supervisors act comes near to each of them, whichever it would
    choose itself. observations: (n, ...). actions: (n, A). A policy without a density has its one action.
    Raises InputError for no samples.
    """
    _check(policy, observations, actions)
    drawn = sample_actions(policy, observations, samples, seed)  # (n, samples, A)
    return float(np.linalg.norm(drawn - actions[:, None], axis=-1).min(axis=1).mean())


def sample_actions(
    policy: Policy, observations: NDArray[Any], count: int, generator: torch.Generator | int
) -> NDArray[np.float32]:
    """Actions of a policy, (n, count, A): draws at temperature 1 (member 0 of an implicit policy), or its one
    action again and again where it has no density. Raises InputError for a count below 1."""
    if count < 1:
        raise InputError(f"samples is {count}; valid is at least 1")
    if isinstance(policy, Density):
        return policy.sample(observations, count, generator)
    if not isinstance(policy, ImplicitPolicy):
        chosen = policy.decide(observations, generator).actions
        return np.repeat(chosen[:, None], count, axis=1)
    draws = as_generator(generator)
    weighted = _weighted(policy, as_observations(observations, policy.config.network), draws, True)
    picks = torch.multinomial(weighted.weights[0], count, replacement=True, generator=draws)  # (n, count)
    chosen_actions = weighted.actions.gather(1, picks[..., None].expand(-1, -1, weighted.actions.shape[2]))
    result: NDArray[np.float32] = chosen_actions.numpy()
    return result


def _check(policy: Policy, observations: NDArray[Any], actions: NDArray[np.float32]) -> None:
    if not len(observations) or len(observations) != len(actions):
        raise InputError(f"{len(observations)} observations and {len(actions)} actions: equal, at least one")
    size = policy.config.network.action_size
    if actions.shape[1:] != (size,) or not np.isfinite(actions).all():
        raise InputError(f"actions have shape {actions.shape}; valid is (n, {size}), all of them finite")


@torch.inference_mode()
def _weighted(
    policy: ImplicitPolicy, states: Tensor, draws: torch.Generator, two_stages: bool
) -> ImportanceSamples:
    network = policy.network(0)
    low, high = bounds(-1.0, 1.0, policy.config.network.action_size)
    features = network.encode(states)
    return importance(
        [network.head], [features], low, high, draws, ImportanceConfig(2048), two_stages=two_stages
    )


@torch.inference_mode()
def _nll(policy: ImplicitPolicy, states: Tensor, actions: Tensor, seed: int) -> Tensor:
    """E(s, a) + log Z(s) of member 0, (n,); Z by importance samples."""
    network = policy.network(0)
    samples = _weighted(policy, states, torch.Generator().manual_seed(seed), False)
    log_z = torch.logsumexp(-samples.energies[0], dim=-1) - np.log(samples.actions.shape[1])
    volume = actions.shape[1] * np.log(2.0)
    result: Tensor = network.head(network.encode(states), actions[:, None])[:, 0] + log_z + volume
    return result
