"""From data to weights: initial training and retraining are the same function."""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from policy.energy.network import EnergyNetwork
from policy.errors import InputError, PolicyError
from policy.learning.batches import batches
from policy.learning.bootstrap import share_for
from policy.learning.config import TrainingConfig
from policy.learning.counter_examples import draw
from policy.learning.dataset import Dataset
from policy.learning.kinds import OwnLoss, Policy
from policy.learning.losses import gradient_penalty, info_nce
from policy.learning.precision import uses_bfloat16
from policy.sampling.box import bounds

__all__ = ["Policy", "Progress", "TrainingReport", "train"]

P = TypeVar("P", bound=Policy)
Progress = Callable[[float, dict[str, float]], None]
"""progress(fraction done, {"member", "update", "loss"}); what it raises ends the training."""

_REPORT_EVERY = 10  # Updates between two calls of progress.


@dataclass(frozen=True)
class TrainingReport(Generic[P]):
    """What a training made."""

    policy: P
    """The trained policy, a new one."""
    losses: tuple[float, ...]
    """Of each member, mean over the last tenth of the updates."""
    samples: int
    """Originals in the dataset."""
    data_hash: str
    """Digest of the dataset."""
    updates: int
    """Gradient steps of each member."""
    seed: int
    seconds: float
    """Wall time [s]."""


def train(
    policy: P,
    dataset: Dataset,
    config: TrainingConfig | None = None,
    *,
    seed: int,
    progress: Progress | None = None,
) -> TrainingReport[P]:
    """Train every member from the policy's present weights into a new policy; the given one stays as it is.

    On one machine and number of threads, equal arguments give equal weights. Raises InputError for an empty
    dataset or one of another shape, and PolicyError where the loss stops being finite: try again with a
    smaller learning rate.
    """
    config = config or TrainingConfig()
    network = policy.config.network
    if not len(dataset):
        raise InputError("the dataset is empty: there must be at least one sample to learn from")
    found = dataset.observations.shape[1:], dataset.actions.shape[1]
    if found != (network.observation_shape, network.action_size):
        raise InputError(
            f"samples have observations {found[0]} and {found[1]} action components; the policy takes "
            f"{network.observation_shape} and {network.action_size}"
        )
    begun = time.perf_counter()
    trained = copy.deepcopy(policy)
    trained.train()
    losses = []
    for index, member in enumerate(trained.members):
        assert isinstance(member, nn.Module)
        losses.append(_train_member(trained, index, member, dataset, config, seed, progress))
    trained.eval()
    return TrainingReport(
        policy=trained,
        losses=tuple(losses),
        samples=len(dataset),
        data_hash=dataset.digest(),
        updates=config.updates,
        seed=seed,
        seconds=time.perf_counter() - begun,
    )


def _train_member(
    policy: Policy,
    index: int,
    member: nn.Module,
    dataset: Dataset,
    config: TrainingConfig,
    seed: int,
    progress: Progress | None,
) -> float:
    generator = np.random.default_rng([seed, index])
    draws = torch.Generator().manual_seed(int(generator.integers(2**62)))
    originals = share_for(
        dataset, index, bootstrap=policy.config.bootstrap, seed=policy.config.bootstrap_seed
    )
    optimizer = torch.optim.AdamW(
        member.parameters(), config.learning_rate, weight_decay=config.weight_decay, foreach=True
    )
    half = uses_bfloat16(config.precision)
    history = []
    for update, (observations, actions) in enumerate(batches(dataset, originals, config, generator)):
        for group in optimizer.param_groups:
            group["lr"] = _learning_rate(config, update)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = _loss(member, observations, actions, config, draws)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise PolicyError(
                f"the loss of member {index} became {value} at update {update + 1} of {config.updates}; the "
                f"policy is unchanged. Try again with a learning rate below {config.learning_rate}"
            )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        history.append(value)
        if progress and ((update + 1) % _REPORT_EVERY == 0 or update + 1 == config.updates):
            done = (index + (update + 1) / config.updates) / len(policy.members)
            progress(done, {"member": float(index), "update": float(update + 1), "loss": value})
    return float(np.mean(history[-max(1, len(history) // 10) :])) if history else math.nan


def _loss(
    member: nn.Module, observations: Tensor, actions: Tensor, config: TrainingConfig, draws: torch.Generator
) -> Tensor:
    if isinstance(member, OwnLoss):
        return member.loss(observations, actions, draws)
    if not isinstance(member, EnergyNetwork):
        return functional.mse_loss(member(observations).float(), actions)
    low, high = bounds(-1.0, 1.0, actions.shape[1])
    features = member.encode(observations)
    negatives = draw(config.counter_examples, member.head, features, low, high, draws)  # (B, K, A)
    energies = member.head(features, torch.cat([actions[:, None], negatives], dim=1))  # (B, 1 + K)
    loss = info_nce(energies[:, 0], energies[:, 1:])
    if config.counter_examples.penalty:
        loss = loss + config.counter_examples.penalty * gradient_penalty(member.head, features, negatives)
    return loss


def _learning_rate(config: TrainingConfig, update: int) -> float:
    """One cycle: a linear rise, then half a cosine to nearly zero; or steps, as published."""
    if config.step_decay is not None:
        return config.learning_rate * config.step_decay ** (update // 100)
    rise = config.warm_up * config.updates
    if update < rise:
        return config.learning_rate * (update + 1) / (rise + 1)
    place = (update - rise) / max(1.0, config.updates - rise)
    return config.learning_rate * max(1e-3, 0.5 * (1.0 + math.cos(math.pi * place)))
