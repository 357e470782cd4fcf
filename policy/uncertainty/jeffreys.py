"""Jeffreys divergence between two energy-based models, by Identity 1: no partition function is needed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from policy.energy.network import Energy
from policy.errors import InputError
from policy.sampling.box import Bound, bounds
from policy.sampling.importance import ImportanceConfig, ImportanceSamples, importance
from policy.sampling.langevin import LangevinConfig, langevin

Method = Literal["auto", "importance", "langevin"]


@dataclass(frozen=True)
class JeffreysEstimate:
    """The divergence in each of B states."""

    estimate: Tensor
    """(B,) [nats]."""
    standard_error: Tensor
    """(B,) [nats]."""
    effective_sample_size: Tensor
    """(B,): the smaller one of both energies; below about 20, estimate and error deserve no trust."""

    def __iter__(self) -> Iterator[Tensor]:
        return iter((self.estimate, self.standard_error, self.effective_sample_size))


def jeffreys_divergence(
    energy_p: Energy,
    energy_q: Energy,
    states: Tensor | tuple[Tensor, Tensor],
    low: Bound,
    high: Bound,
    *,
    method: Method = "auto",
    generator: torch.Generator,
    action_size: int | None = None,
    importance_config: ImportanceConfig | None = None,
    langevin_config: LangevinConfig | None = None,
) -> JeffreysEstimate:
    """D_J of pi_p and pi_q (Identity 1) at temperature 1, in nats.

    states: (B, ...), or a pair where each energy takes its own (features of its own encoder).
    low, high: bounds of actions, (A,), or numbers with action_size.
    method: "importance" always uses two stages; "auto" leaves the second out where the first suffices;
    "langevin" is the published estimator, whose chains are biased on sharp or multimodal energies.
    Raises InputError for an unknown method or bounds that are not valid.
    """
    if method not in get_args(Method):
        raise InputError(f"method is {method!r}; valid are {', '.join(get_args(Method))}")
    lower, upper = bounds(low, high, action_size)
    pair = states if isinstance(states, tuple) else (states, states)
    if method == "langevin":
        return _by_langevin(energy_p, energy_q, pair, lower, upper, generator, langevin_config)
    two_stages = True if method == "importance" else None
    samples = importance(
        (energy_p, energy_q), pair, lower, upper, generator, importance_config, two_stages=two_stages
    )
    return from_importance(samples)


def from_importance(samples: ImportanceSamples) -> JeffreysEstimate:
    """J = sum (w_p - w_q)(E_q - E_p) over shared samples of two energies; never negative.

    The standard error is the delta method's for ratios of means.
    """
    (weight_p, weight_q), (energy_p, energy_q) = samples.weights, samples.energies  # each (B, K)
    gap = energy_q - energy_p
    mean_p = (weight_p * gap).sum(dim=-1, keepdim=True)
    mean_q = (weight_q * gap).sum(dim=-1, keepdim=True)
    influence = weight_p * (gap - mean_p) - weight_q * (gap - mean_q)
    return JeffreysEstimate(
        estimate=(mean_p - mean_q).squeeze(-1).clamp_min(0.0),
        standard_error=influence.square().sum(dim=-1).sqrt(),
        effective_sample_size=samples.effective_sample_size.amin(dim=0),
    )


def _by_langevin(
    energy_p: Energy,
    energy_q: Energy,
    states: tuple[Tensor, Tensor],
    low: Tensor,
    high: Tensor,
    generator: torch.Generator,
    config: LangevinConfig | None,
) -> JeffreysEstimate:
    """Identity 1 with one set of chains per energy, as published."""
    means, variances = [], []
    for own, state in zip((energy_p, energy_q), states, strict=True):
        actions, _ = langevin(own, state, low, high, generator, config)
        with torch.no_grad():
            gap = energy_q(states[1], actions) - energy_p(states[0], actions)  # (B, K)
        means.append(gap.mean(dim=-1))
        variances.append(gap.var(dim=-1) / gap.shape[1])
    chains = torch.full_like(means[0], float(gap.shape[1]))
    return JeffreysEstimate(means[0] - means[1], (variances[0] + variances[1]).sqrt(), chains)
