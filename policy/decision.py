"""What every policy answers, and how it takes observations in."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from policy.energy.config import NetworkConfig
from policy.errors import InputError


@dataclass(frozen=True)
class Decision:
    """Actions of N robots and how unsure the policy is of them."""

    actions: NDArray[np.float32]
    """(N, A), in [-1, 1]."""
    uncertainty: NDArray[np.float64]
    """(N,): Jeffreys divergence [nats] of an implicit policy, ensemble variance of an explicit one."""
    standard_error: NDArray[np.float64]
    """(N,), of the uncertainty's estimate; zeros where it is exact."""
    effective_sample_size: NDArray[np.float64]
    """(N,), behind the uncertainty; infinite where it is exact."""
    uncertainty_s: float = 0.0
    """Wall time that went into the uncertainty, what it shares with finding the action included [s]."""


def as_observations(observations: object, config: NetworkConfig) -> torch.Tensor:
    """Observations as a tensor, (N, *observation_shape), uint8 for images and float32 for states.

    Raises InputError for another shape or dtype, or states that are not finite.
    """
    if isinstance(observations, torch.Tensor):
        observations = observations.numpy()
    array = np.asarray(observations)
    if array.shape[1:] != config.observation_shape or not array.ndim:
        raise InputError(
            f"observations have shape {array.shape}; valid is N times {config.observation_shape}"
        )
    if config.from_images:
        if array.dtype != np.uint8:
            raise InputError(f"images have dtype {array.dtype}; valid is uint8")
        return torch.from_numpy(np.array(array))
    states = array.astype(np.float32)
    if not np.isfinite(states).all():
        raise InputError("states hold values that are not finite")
    return torch.from_numpy(states)


def as_generator(source: torch.Generator | int) -> torch.Generator:
    """A generator, or a new one from a seed."""
    return source if isinstance(source, torch.Generator) else torch.Generator().manual_seed(source)
