"""What decides one training."""

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any, get_args

from policy.energy.precision import Precision
from policy.errors import InputError
from policy.learning.augmentation import AugmentationConfig
from policy.learning.counter_examples import (
    PUBLISHED_COUNTER_EXAMPLES,
    REFINED_COUNTER_EXAMPLES,
    CounterExampleConfig,
)


@dataclass(frozen=True)
class TrainingConfig:
    """Updates and how each is made; the same for implicit and explicit policies."""

    updates: int = 1500
    """Gradient steps of each member."""
    batch_size: int = 128
    """Augmented samples in one update."""
    learning_rate: float = 1e-3
    """Largest learning rate."""
    warm_up: float = 0.1
    """Share of the updates over which the learning rate rises to its largest; it then falls as a cosine."""
    weight_decay: float = 1e-2
    """Of AdamW."""
    step_decay: float | None = None
    """Where set, the learning rate is multiplied by this every 100 updates instead (0.99 as published)."""
    fold: int = 10
    """Augmented versions of each original image; 0 trains on the originals."""
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    symmetries: bool = False
    """Turn and mirror each image at random, with its action, whenever it enters a batch; only for tasks on a
    square table seen from above (see `symmetry.transform`)."""
    counter_examples: CounterExampleConfig = field(default_factory=CounterExampleConfig)
    """Of implicit policies."""
    state_noise: float = 0.0
    """Standard deviation of Gaussian noise on states whenever they enter a batch, in standard deviations of
    each component over the dataset."""
    online_share: float | None = None
    """Share of every batch that is drawn from samples appended since the dataset began; None draws all
    samples alike. Without appended samples it means nothing."""

    precision: Precision = "auto"
    """Of matrix products; "auto" is bfloat16 where the processor is made for it."""

    def __post_init__(self) -> None:
        if self.precision not in get_args(Precision):
            raise InputError(f"precision is {self.precision!r}; valid are {', '.join(get_args(Precision))}")
        if self.updates < 1 or self.batch_size < 1 or self.fold < 0:
            raise InputError(
                f"updates {self.updates} and batch_size {self.batch_size} must be at least 1, "
                f"fold {self.fold} at least 0"
            )
        if not 0 <= self.state_noise < math.inf:
            raise InputError(f"state_noise is {self.state_noise}; valid is a finite number from 0")
        if not self.learning_rate > 0 or self.weight_decay < 0 or not 0 <= self.warm_up <= 1:
            raise InputError(
                f"learning_rate {self.learning_rate} must be above 0, weight_decay {self.weight_decay} "
                f"at least 0 and warm_up {self.warm_up} from 0 to 1"
            )
        if self.step_decay is not None and not 0 < self.step_decay <= 1:
            raise InputError(f"step_decay is {self.step_decay}; valid is None or above 0 up to 1")
        if self.online_share is not None and not 0 <= self.online_share <= 1:
            raise InputError(f"online_share is {self.online_share}; valid is None or 0 to 1")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def published(updates: int, batch_size: int = 512) -> TrainingConfig:
    """Implicit training as published (Table 3)."""
    return TrainingConfig(
        updates,
        batch_size,
        learning_rate=5e-4,
        step_decay=0.99,
        weight_decay=0.0,
        counter_examples=PUBLISHED_COUNTER_EXAMPLES,
    )


def refined(updates: int, batch_size: int = 512) -> TrainingConfig:
    """Implicit training at a fraction of the published cost: `published` with other counter-examples."""
    return replace(published(updates, batch_size), counter_examples=REFINED_COUNTER_EXAMPLES)
