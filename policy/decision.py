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

    Raises InputError for another shape or dtype, or states that are not finite, with the first such one.
    """
    if isinstance(observations, torch.Tensor):
        observations = observations.detach().cpu().numpy()
    array = np.asarray(observations)
    if array.shape[1:] != config.observation_shape or not array.ndim:
        raise InputError(
            f"observations have shape {array.shape}; valid is N times {config.observation_shape}"
        )
    if config.from_images:
        if array.dtype != np.uint8:
            raise InputError(f"images have dtype {array.dtype}; valid is uint8")
        return torch.from_numpy(np.array(array))
    if array.dtype.kind not in "fiub":
        raise InputError(f"states have dtype {array.dtype}; valid are numbers")
    states = array.astype(np.float32)
    broken = np.flatnonzero(~np.isfinite(states).all(axis=1))
    if len(broken):
        worst = states[broken[0]]
        raise InputError(
            f"observations[{broken[0]}] holds {worst[~np.isfinite(worst)][0]}; valid are finite numbers "
            f"({len(broken)} of {len(states)} observations are not)"
        )
    return torch.from_numpy(states)


def as_generator(source: torch.Generator | int, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator on a device: the given one, or a new one from a seed or from a draw of one elsewhere."""
    if isinstance(source, torch.Generator):
        if source.device == torch.device(device):
            return source
        source = int(torch.randint(2**62, (), generator=source, device=source.device))
    return torch.Generator(device).manual_seed(source)
