"""What an estimate of the Jeffreys divergence consists of, and Identity 1 over several kinds of samples."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from policy.sampling.importance import ImportanceSamples


@dataclass(frozen=True)
class JeffreysEstimate:
    """The divergence in each of B states."""

    estimate: Tensor
    """(B,) [nats]."""
    standard_error: Tensor
    """(B,) [nats]."""
    effective_sample_size: Tensor
    """(B,): of importance samples the smaller one of both energies, of chains their number, of annealing how
    many independent samples would have this standard error. Below about 20, estimate and error deserve no
    trust."""

    def __iter__(self) -> Iterator[Tensor]:
        return iter((self.estimate, self.standard_error, self.effective_sample_size))

    def put(self, rows: Tensor, part: "JeffreysEstimate") -> "JeffreysEstimate":
        """This estimate with some states' replaced; rows: their indices."""
        return JeffreysEstimate(
            *(whole.index_copy(0, rows, new.to(whole.dtype)) for whole, new in zip(self, part, strict=True))
        )


def from_importance(samples: ImportanceSamples) -> JeffreysEstimate:
    """J = sum (w_p - w_q)(E_q - E_p) over shared samples of two energies; never negative.

    The standard error is the delta method's for ratios of means.
    """
    weight_p, weight_q = samples.weights.double()  # each (B, K)
    gap = _gap(samples.energies[0], samples.energies[1])
    mean_p = (weight_p * gap).sum(dim=-1, keepdim=True)
    mean_q = (weight_q * gap).sum(dim=-1, keepdim=True)
    influence = weight_p * (gap - mean_p) - weight_q * (gap - mean_q)
    dtype = samples.energies.dtype
    return JeffreysEstimate(
        estimate=(mean_p - mean_q).squeeze(-1).clamp_min(0.0).to(dtype),
        standard_error=influence.square().sum(dim=-1).sqrt().to(dtype),
        effective_sample_size=samples.effective_sample_size.amin(dim=0),
    )


def from_chains(energies: Tensor) -> JeffreysEstimate:
    """Identity 1 with samples of its own for each energy, none of which depends on another.

    energies: (2, B, 2K), of p and of q, at K samples of p followed by K samples of q.
    """
    count = energies.shape[2] // 2
    gap = _gap(energies[0], energies[1])
    of_p, of_q = gap[:, :count], gap[:, count:]
    variance = (of_p.var(dim=-1) + of_q.var(dim=-1)) / count
    estimate = (of_p.mean(dim=-1) - of_q.mean(dim=-1)).to(energies.dtype)
    return JeffreysEstimate(
        estimate, variance.sqrt().to(energies.dtype), torch.full_like(estimate, float(count))
    )


def from_particles(energies: Tensor, families: Tensor) -> JeffreysEstimate:
    """J from particles of both densities, each weighing in for both: bridge sampling (Bennett, 1976).

    energies: (2, B, 2K), of p and of q, at K samples of p followed by K samples of q. families: (B, 2K),
    numbers from 0 to 2K - 1; particles of one family are not independent of each other. The pool is a sample
    of the even mixture of both densities once the ratio of partition functions is known, and Bennett's
    equation finds it from the same samples. Never negative. Shares of modes that the two populations hold by
    chance differently, which Identity 1 would count as divergence, even out. The standard error includes that
    of the ratio.
    """
    count = energies.shape[2] // 2
    gap = _gap(energies[0], energies[1])  # (B, 2K)
    ratio = _log_ratio(gap, count)[:, None]  # log Z_p - log Z_q, shifted as the gap is
    share_p, share_q = torch.sigmoid(gap - ratio), torch.sigmoid(ratio - gap)
    weight_p = share_p / share_p.sum(dim=1, keepdim=True).clamp_min(1e-300)
    weight_q = share_q / share_q.sum(dim=1, keepdim=True).clamp_min(1e-300)
    apart_p = gap - (weight_p * gap).sum(dim=1, keepdim=True)
    apart_q = gap - (weight_q * gap).sum(dim=1, keepdim=True)
    estimate = (apart_q - apart_p)[:, 0]
    # How J follows the ratio, and the ratio each sample: the derivative of Bennett's equation.
    slope = -(weight_p * share_q * apart_p + weight_q * share_p * apart_q).sum(dim=1, keepdim=True)
    steepness = (share_p * share_q).sum(dim=1, keepdim=True).clamp_min(1e-300)
    surplus = torch.cat([share_q[:, :count], -share_p[:, count:]], dim=1)
    influence = weight_p * apart_p - weight_q * apart_q - slope * surplus / steepness
    halves = influence.view(-1, 2, count)
    influence = (halves - halves.mean(dim=2, keepdim=True)).flatten(1)
    variance = torch.zeros_like(influence).scatter_add_(1, families, influence).square().sum(dim=1)
    sizes = torch.zeros_like(influence).scatter_add_(1, families, torch.ones_like(influence))
    kinds = (2 * count) ** 2 / sizes.square().sum(dim=1)  # families, were they of equal size
    variance = variance * kinds / (kinds - 1.0).clamp_min(1e-9)
    spread = (weight_p * apart_p.square() + weight_q * apart_q.square()).sum(dim=1)
    size = torch.where(
        variance > 0, spread / variance.clamp_min(1e-300), torch.full_like(spread, 2.0 * count)
    )
    dtype = energies.dtype
    return JeffreysEstimate(
        estimate.clamp_min(0.0).to(dtype),
        variance.sqrt().to(dtype),
        size.clamp(1.0, 2.0 * count).to(dtype),
    )


def _gap(energy_p: Tensor, energy_q: Tensor) -> Tensor:
    """E_q - E_p in float64, (B, K), less its mean: J is blind to offsets, rounding is not."""
    gap = energy_q.double() - energy_p.double()
    return gap - gap.mean(dim=-1, keepdim=True)


def _log_ratio(gap: Tensor, count: int) -> Tensor:
    """log Z_p - log Z_q, (B,), where both halves of the samples, (B, 2K), take equal shares; by bisection."""
    low, high = gap.amin(dim=1) - 40.0, gap.amax(dim=1) + 40.0
    for _ in range(64):
        middle = 0.5 * (low + high)
        shares = torch.sigmoid(middle[:, None] - gap)
        surplus = shares[:, :count].sum(dim=1) - (1.0 - shares[:, count:]).sum(dim=1)
        low, high = torch.where(surplus < 0, middle, low), torch.where(surplus < 0, high, middle)
    return 0.5 * (low + high)
