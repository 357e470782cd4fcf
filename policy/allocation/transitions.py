"""What robots did and what became of it: the data that a safety critic learns from."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policy.errors import InputError

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Transitions:
    """n robot-steps, the oldest first; never changed in place."""

    observations: NDArray[Any]
    """(n, *observation_shape)."""
    actions: NDArray[np.float32]
    """(n, A), as executed, a supervisor's included."""
    next_observations: NDArray[Any]
    """(n, *observation_shape); means nothing where the episode ended."""
    next_actions: NDArray[np.float32]
    """(n, A): what the policy would do next."""
    success: Bools
    """(n,) the goal was reached in this step."""
    violation: Bools
    """(n,) a constraint was broken in this step."""
    ends: Bools
    """(n,) nothing follows: goal, violation or time-out."""

    def __post_init__(self) -> None:
        sizes = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(sizes.values())) > 1:
            raise InputError(f"transitions have {sizes} rows; all must be equal")
        if self.next_observations.shape != self.observations.shape:
            raise InputError(
                f"next_observations have shape {self.next_observations.shape}; "
                f"valid is that of observations, {self.observations.shape}"
            )
        if self.actions.ndim != 2 or self.next_actions.shape != self.actions.shape:
            raise InputError(
                f"actions {self.actions.shape} and next_actions {self.next_actions.shape} must both be (n, A)"
            )

    def __len__(self) -> int:
        return len(self.actions)

    def append(self, new: "Transitions", capacity: int) -> "Transitions":
        """These and then the new ones; of all, the newest `capacity` remain."""
        if new.observations.shape[1:] != self.observations.shape[1:]:
            raise InputError(
                f"new observations have shape {new.observations.shape[1:]}; "
                f"valid is {self.observations.shape[1:]}"
            )
        joined = {
            field.name: np.concatenate([getattr(self, field.name), getattr(new, field.name)])[-capacity:]
            for field in fields(self)
        }
        return Transitions(**joined)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """By name, for a file without pickles; `Transitions(**arrays)` is the inverse."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
