"""Batches of augmented samples for one member."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from policy.learning.augmentation import augment_fold
from policy.learning.config import TrainingConfig
from policy.learning.dataset import Dataset
from policy.learning.symmetry import COUNT, transform


class Batches:
    """Draws batches of observations, (B, ...), and actions, (B, A), one after the other.

    originals: indices of the samples to learn from, with repetition; every one is augmented `fold` times
    once, up front, and batches are drawn from those versions. All draws come from the generator: equal
    generators give equal versions, and the state of one decides every batch to come.
    """

    def __init__(
        self,
        dataset: Dataset,
        originals: NDArray[np.int64],
        config: TrainingConfig,
        generator: np.random.Generator,
    ) -> None:
        observations: NDArray[Any] = dataset.observations[originals]
        fold = max(1, config.fold)
        if config.fold and observations.dtype == np.uint8:
            observations = augment_fold(observations, fold, generator, config.augmentation)
        else:
            fold = 1
        self._observations = observations
        self._actions = np.repeat(dataset.actions[originals], fold, axis=0)
        self._groups = _groups(np.repeat(originals >= dataset.initial, fold), config)
        self._symmetries = config.symmetries
        states = config.state_noise and observations.dtype == np.float32
        self._noise = config.state_noise * observations.std(axis=0) if states else None  # (S,)
        self.generator = generator

    def draw(self) -> tuple[Tensor, Tensor]:
        """The next batch."""
        rows = np.concatenate([self.generator.choice(group, size) for group, size in self._groups])
        images, pushes = self._observations[rows], self._actions[rows]
        if self._symmetries:
            images, pushes = transform(images, pushes, self.generator.integers(COUNT, size=len(rows)))
        if self._noise is not None:
            images = images + self._noise * self.generator.standard_normal(images.shape, dtype=np.float32)
        return torch.from_numpy(images), torch.from_numpy(pushes)


def _groups(online: NDArray[np.bool_], config: TrainingConfig) -> list[tuple[NDArray[np.intp], int]]:
    """Which rows to draw from, and how many of each for one batch."""
    if config.online_share is None or online.all() or not online.any():
        return [(np.arange(len(online)), config.batch_size)]
    new = round(config.online_share * config.batch_size)
    return [(np.flatnonzero(online), new), (np.flatnonzero(~online), config.batch_size - new)]
