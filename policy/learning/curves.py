"""How a training went, and early words on one that goes wrong."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

_WINDOW = 50  # Updates that a loss must stay bad for.
_LARGEST = 1e4  # Beyond it float32 leaves energies fewer than three decimals.
_CURE = "Try a smaller learning rate, a gradient penalty or spectral norm"


@dataclass(frozen=True)
class CurvePoint:
    """One member at one moment of a training."""

    member: int
    update: int
    """Updates made so far."""
    loss: float
    """Mean since the point before, penalty included."""
    penalty: float
    """Mean since the point before: the gradient penalty times its weight."""
    learning_rate: float
    """Of this update."""
    held_out_nll: float | None = None
    """As `HeldOut.nll`, of this member alone, where held-out samples were given and it was their turn."""
    held_out_action_error: float | None = None
    """As `HeldOut.action_error`, likewise."""


def warning_of(
    name: str, update: int, losses: Sequence[float], chance: float, energies: Tensor | None
) -> str | None:
    """What is wrong with a member's training, or None.

    name: of the member, as it is to be called. losses: InfoNCE of the updates so far, without penalty.
    chance: what InfoNCE is where nothing is known, log(1 + K). energies: (B, 1 + K) of the last update; None
    for a policy without.
    """
    if energies is not None and (size := float(energies.abs().mean())) > _LARGEST:
        return (
            f"{name} has energies that run away: {size:.3g} in size on average at update {update}, "
            f"{float(energies[:, 0].mean()):.3g} those of true actions. {_CURE}"
        )
    recent = sum(losses[-_WINDOW:]) / _WINDOW
    if len(losses) >= _WINDOW and math.isfinite(chance) and recent > 1.5 * chance:
        return (
            f"{name} does worse than chance: its loss was {recent:.3g} over the last {_WINDOW} updates "
            f"before update {update}, and {chance:.3g} is what knowing nothing costs. {_CURE}"
        )
    return None
