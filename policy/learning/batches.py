"""Batches of augmented samples for one member."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from policy.learning.augmentation import augment_fold
from policy.learning.config import TrainingConfig
from policy.learning.dataset import Dataset
from policy.learning.symmetry import COUNT, transform


def batches(
    dataset: Dataset, originals: NDArray[np.int64], config: TrainingConfig, generator: np.random.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """`config.updates` batches of observations, (B, ...), and actions, (B, A).

    originals: indices of the samples to learn from, with repetition; every one is augmented `fold` times
    once, up front, and batches are drawn from those versions.
    """
    observations: NDArray[Any] = dataset.observations[originals]
    fold = max(1, config.fold)
    if config.fold and observations.dtype == np.uint8:
        observations = augment_fold(observations, fold, generator, config.augmentation)
    else:
        fold = 1
    actions = np.repeat(dataset.actions[originals], fold, axis=0)
    online = np.repeat(originals >= dataset.initial, fold)
    groups = _groups(online, config)
    for _ in range(config.updates):
        rows = np.concatenate([generator.choice(group, size) for group, size in groups])
        images, pushes = observations[rows], actions[rows]
        if config.symmetries:
            images, pushes = transform(images, pushes, generator.integers(COUNT, size=len(rows)))
        yield torch.from_numpy(images), torch.from_numpy(pushes)


def _groups(online: NDArray[np.bool_], config: TrainingConfig) -> list[tuple[NDArray[np.intp], int]]:
    """Which rows to draw from, and how many of each for one batch."""
    if config.online_share is None or online.all() or not online.any():
        return [(np.arange(len(online)), config.batch_size)]
    new = round(config.online_share * config.batch_size)
    return [(np.flatnonzero(online), new), (np.flatnonzero(~online), config.batch_size - new)]
