"""How well a policy predicts samples that it did not learn from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from policy.decision import as_generator, as_observations
from policy.energy.autoregressive import AutoregressiveHead
from policy.energy.fast import FastEnergy
from policy.energy.head import EnergyHead
from policy.energy.network import Energy
from policy.errors import InputError
from policy.implicit import ImplicitPolicy
from policy.learning.kinds import Density, Policy
from policy.sampling.annealed import AnnealedConfig, annealed_smc
from policy.sampling.autoregressive import AutoregressiveConfig, autoregressive
from policy.sampling.box import bounds
from policy.sampling.importance import ImportanceConfig, ImportanceSamples, importance

_UNIFORM = ImportanceConfig(2048)  # Tried first, in all states.
_ENOUGH = 100.0  # Effective samples; states with fewer are annealed.


@dataclass(frozen=True)
class HeldOut:
    """Errors on held-out samples."""

    action_error: float
    """Mean distance between the policy's actions and the supervisors' [action units]."""
    nll: float
    """Mean negative log density of the supervisors' actions, of an implicit policy under member 0 at
    temperature 1 [nats]; NaN for a policy without a density."""
    nll_error: float = 0.0
    """Standard error of `nll` that comes of estimating normalisers [nats]; 0 where densities are known."""


def evaluate(
    policy: Policy, observations: NDArray[Any], actions: NDArray[np.float32], *, seed: int = 0
) -> HeldOut:
    """Errors on n samples: observations, (n, ...), and actions, (n, A). Raises InputError for none."""
    _check(policy, observations, actions)
    chosen = policy.decide(observations, torch.Generator().manual_seed(seed)).actions
    error = float(np.linalg.norm(chosen - actions, axis=-1).mean())
    nll, nll_error = float("nan"), 0.0
    if isinstance(policy, ImplicitPolicy):
        nll, nll_error = _nll(policy, observations, actions, seed)
    elif isinstance(policy, Density):
        nll = float(-policy.log_likelihood(observations, actions).mean())
    return HeldOut(error, nll, nll_error)


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
    return _drawn(policy, observations, count, generator)


def _check(policy: Policy, observations: NDArray[Any], actions: NDArray[np.float32]) -> None:
    if not len(observations) or len(observations) != len(actions):
        raise InputError(f"{len(observations)} observations and {len(actions)} actions: equal, at least one")
    size = policy.config.network.action_size
    if actions.shape[1:] != (size,) or not np.isfinite(actions).all():
        raise InputError(f"actions have shape {actions.shape}; valid is (n, {size}), all of them finite")


def _energy(policy: ImplicitPolicy, observations: NDArray[Any]) -> tuple[Energy, Tensor]:
    """Member 0's energy, in float32, and the features that it takes."""
    network = policy.network(0)
    head = network.head
    device = next(network.parameters()).device
    with torch.no_grad():
        features = network.encode(as_observations(observations, policy.config.network).to(device))
    return FastEnergy(head, precision="float32") if isinstance(head, EnergyHead) else head, features


@torch.no_grad()
def _drawn(
    policy: ImplicitPolicy, observations: NDArray[Any], count: int, generator: torch.Generator | int
) -> NDArray[np.float32]:
    energy, features = _energy(policy, observations)
    draws = as_generator(generator, features.device)
    low, high = _box(policy, features)
    if isinstance(energy, AutoregressiveHead):
        actions, _ = autoregressive(
            energy.conditionals, features, low, high, draws, AutoregressiveConfig(samples=count)
        )
        return _array(actions)
    shared = importance([energy], [features], low, high, draws, _UNIFORM, two_stages=False)
    picks = torch.multinomial(shared.weights[0], count, replacement=True, generator=draws)  # (n, count)
    actions = shared.actions.gather(1, picks[..., None].expand(-1, -1, len(low)))
    few = _too_few(shared)
    if len(few):
        config = AnnealedConfig(particles=max(512, count))
        found, _ = annealed_smc(energy, features[few], low, high, draws, config)
        order = torch.randperm(found.shape[1], generator=draws, device=draws.device)
        actions[few] = found[:, order[:count]]
    return _array(actions)


@torch.no_grad()
def _nll(
    policy: ImplicitPolicy, observations: NDArray[Any], actions: NDArray[np.float32], seed: int
) -> tuple[float, float]:
    """Mean of E(s, a) + log Z(s) of member 0, and the standard error that Z brings."""
    energy, features = _energy(policy, observations)
    low, high = _box(policy, features)
    own = energy(features, torch.from_numpy(np.array(actions))[:, None].to(features.device))[:, 0].double()
    if isinstance(energy, AutoregressiveHead):  # comes normalised
        return float(own.mean()), 0.0
    draws = torch.Generator(features.device).manual_seed(seed)
    shared = importance([energy], [features], low, high, draws, _UNIFORM, two_stages=False)
    log_z = shared.log_z[0].double()
    variance = (1.0 / shared.effective_sample_size[0] - 1.0 / _UNIFORM.samples).double()
    few = _too_few(shared)
    if len(few):
        _, found = annealed_smc(energy, features[few], low, high, draws)
        log_z[few], variance[few] = found.log_z.double(), found.log_z_error.double().square()
    return float((own + log_z).mean()), float(variance.clamp_min(0.0).sum().sqrt() / len(own))


def _too_few(shared: ImportanceSamples) -> Tensor:
    """Rows of the states that uniform samples cannot hold on to."""
    return torch.nonzero(shared.effective_sample_size[0] < _ENOUGH)[:, 0]


def _box(policy: ImplicitPolicy, features: Tensor) -> tuple[Tensor, Tensor]:
    low, high = bounds(-1.0, 1.0, policy.config.network.action_size)
    return low.to(features.device), high.to(features.device)


def _array(actions: Tensor) -> NDArray[np.float32]:
    result: NDArray[np.float32] = actions.cpu().numpy()
    return result
