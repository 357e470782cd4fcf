"""Small policies and datasets, on one thread."""

import numpy as np
import pytest
import torch

from policy import Dataset, ImplicitPolicy, NetworkConfig, PolicyConfig

SMALL = NetworkConfig(observation_shape=(16, 16, 3), channels=(4, 4, 4), features=8, width=16)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def small_policy() -> ImplicitPolicy:
    """Two members on 16 x 16 images."""
    return ImplicitPolicy(PolicyConfig(SMALL), seed=1)


@pytest.fixture
def bright_or_dark() -> Dataset:
    """40 images, dark or bright; the action is (-0.6, 0) in the dark and (0.6, 0) in the light."""
    draws = np.random.default_rng(0)
    bright = np.arange(40) % 2
    images = (60 + 130 * bright[:, None, None, None] + draws.integers(0, 10, (40, 16, 16, 3))).astype(
        np.uint8
    )
    actions = np.stack([1.2 * bright - 0.6, np.zeros(40)], axis=1) + draws.normal(0, 0.03, (40, 2))
    return Dataset(images, actions.astype(np.float32), np.array("scripted 1"))
