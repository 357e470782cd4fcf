"""The box that actions lie in, and uniform draws from it."""

from collections.abc import Sequence

import torch
from torch import Tensor

from policy.errors import InputError

Bound = float | Sequence[float] | Tensor
"""A bound of the action box: one number per component, or one for all."""


def bounds(low: Bound, high: Bound, size: int | None = None) -> tuple[Tensor, Tensor]:
    """Both bounds as float32 tensors of shape (A,).

    size: A, needed where both bounds are single numbers. Raises InputError where low is not below high
    everywhere, a bound is not finite, or shapes disagree.

    >>> bounds(-1.0, [1.0, 3.0])
    (tensor([-1., -1.]), tensor([1., 3.]))
    """
    lower = torch.as_tensor(low, dtype=torch.float32)
    upper = torch.as_tensor(high, dtype=torch.float32)
    try:
        ones = torch.ones(size or 1, device=lower.device)
        lower, upper = lower * ones + 0 * upper, upper * ones + 0 * lower
    except RuntimeError as error:
        raise InputError(f"bounds {low} and {high} do not fit {size} action components") from error
    if lower.dim() != 1:
        raise InputError(f"bounds have shape {tuple(lower.shape)}; valid is one number per action component")
    if not (torch.isfinite(lower) & torch.isfinite(upper) & (lower < upper)).all():
        raise InputError(f"low must lie below high and both be finite, but they are {low} and {high}")
    return lower, upper


def uniform(states: int, samples: int, low: Tensor, high: Tensor, generator: torch.Generator) -> Tensor:
    """Uniform actions, (states, samples, A), for bounds of shape (A,), on the generator's device."""
    unit = torch.rand((states, samples, len(low)), generator=generator, device=generator.device)
    return low + unit * (high - low)


def clip(actions: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Actions, (..., A), moved to the nearest point of the box."""
    return torch.minimum(torch.maximum(actions, low), high)
