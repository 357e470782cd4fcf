"""Bootstrap resamples that a member keeps while the dataset grows."""

import numpy as np
from numpy.typing import NDArray

from policy.learning.dataset import Dataset


def resample(samples: int, member: int, seed: int) -> NDArray[np.int64]:
    """Indices of a member's resample of original samples, with repetition, in order.

    Each sample is taken Poisson(1) times (the online bootstrap of Oza and Russell, 2001): for a longer
    dataset the indices begin with those of the shorter one, so a member goes on with its own resample
    and retraining does not make members alike. Never empty for samples >= 1.

    >>> resample(6, member=0, seed=1).tolist()
    [0, 0, 1, 2, 3, 5, 5]
    >>> resample(9, member=0, seed=1).tolist()
    [0, 0, 1, 2, 3, 5, 5, 6, 7, 8]
    """
    counts = np.random.default_rng([seed, member]).poisson(1.0, samples)
    if samples and not counts.any():
        counts[0] = 1
    return np.repeat(np.arange(samples), counts)


def share_for(dataset: Dataset, member: int, *, bootstrap: bool, seed: int) -> NDArray[np.int64]:
    """Indices of the originals that a member learns from: its resample, or all of them."""
    return resample(len(dataset), member, seed) if bootstrap else np.arange(len(dataset))
