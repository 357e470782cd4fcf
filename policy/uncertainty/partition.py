"""Partition functions by annealed importance sampling: the slower alternative to Identity 1 (Section
7.3.4)."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from policy.energy.network import Energy
from policy.sampling.annealed import AnnealedConfig, annealed_smc
from policy.sampling.box import Bound, bounds, uniform
from policy.sampling.checks import checked_energies
from policy.uncertainty.estimate import JeffreysEstimate

NEAL = AnnealedConfig(particles=128, moves=1, keep=0.97, resample_below=0.0)
"""Annealed importance sampling (Neal, 2001): independent particles that keep their weights, small steps
between temperatures, one Metropolis-adjusted move at each."""


@dataclass(frozen=True)
class PartitionEstimate:
    """Z(s) of Eq. 4 in each of B states."""

    log_z: Tensor
    """(B,) log of the integral of exp(-E) over the box."""
    standard_error: Tensor
    """(B,) of log_z."""
    effective_sample_size: Tensor
    """(B,) of the particles' weights: below about 10, the error is more than it says."""

    def __iter__(self) -> Iterator[Tensor]:
        return iter((self.log_z, self.standard_error, self.effective_sample_size))


def partition_function(
    energy: Energy,
    states: Tensor,
    low: Bound,
    high: Bound,
    *,
    generator: torch.Generator,
    action_size: int | None = None,
    config: AnnealedConfig = NEAL,
) -> PartitionEstimate:
    """log Z in each state with its standard error; `annealed_smc` with resampling gives the same for less.

    states: (B, ...). low, high: (A,), or numbers with action_size. The estimate of Z itself is unbiased but
    for the adaptation of temperatures and steps. Raises InputError as `annealed_smc` does.

    >>> flat = lambda states, actions: 0.0 * actions.sum(-1)
    >>> draws = torch.Generator().manual_seed(0)
    >>> log_z, error, size = partition_function(flat, torch.zeros(1, 1), [0, 0], [2, 3], generator=draws)
    >>> round(log_z.exp().item(), 4)  # the area
    6.0
    """
    lower, upper = (bound.to(generator.device) for bound in bounds(low, high, action_size))
    _, found = annealed_smc(energy, states, lower, upper, generator, config)
    return PartitionEstimate(found.log_z, found.log_z_error, found.effective_sample_size)


@torch.no_grad()
def jeffreys_by_partition(
    energy_p: Energy,
    energy_q: Energy,
    states: Tensor | tuple[Tensor, Tensor],
    low: Bound,
    high: Bound,
    *,
    generator: torch.Generator,
    action_size: int | None = None,
    config: AnnealedConfig = NEAL,
    samples: int = 4096,
) -> JeffreysEstimate:
    """D_J as Identity 1 avoids it: both densities normalised by their own Z, integrated over uniform actions.

    For comparison. It needs uniform actions where the densities are, so it fails on sharp ones, and errors
    of Z enter, which Identity 1 leaves out (its standard error counts those of Z as well).
    """
    lower, upper = (bound.to(generator.device) for bound in bounds(low, high, action_size))
    pair = states if isinstance(states, tuple) else (states, states)
    actions = uniform(len(pair[0]), samples, lower, upper, generator)
    volume = (upper - lower).double().log().sum()
    logs, errors = [], []
    for energy, state in zip((energy_p, energy_q), pair, strict=True):
        log_z, error, _ = partition_function(energy, state, lower, upper, generator=generator, config=config)
        values = checked_energies(energy(state, actions), actions).double()
        logs.append(volume - values - log_z[:, None])  # (B, K), of density relative to uniform
        errors.append(error)
    density_p, density_q = (log.exp() for log in logs)
    terms = (density_p - density_q) * (logs[0] - logs[1])  # (B, K)
    # d J / d log Z_p = -E_p[log p - log q] - 1 + (mean of q), and the like for q; the constants vanish.
    kl_p = (density_p * (logs[0] - logs[1])).mean(dim=1)
    kl_q = (density_q * (logs[1] - logs[0])).mean(dim=1)
    variance = terms.var(dim=1) / samples + (kl_p * errors[0]).square() + (kl_q * errors[1]).square()
    sizes = torch.stack([d.sum(dim=1).square() / d.square().sum(dim=1) for d in (density_p, density_q)])
    return JeffreysEstimate(terms.mean(dim=1), variance.sqrt(), sizes.amin(dim=0).nan_to_num(0.0))
