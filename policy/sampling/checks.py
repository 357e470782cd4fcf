"""What an energy answers and where chains begin, looked at before anything is built on it."""

import torch
from torch import Tensor

from policy.energy.gradients import value_and_gradient
from policy.energy.network import Energy
from policy.errors import InputError
from policy.sampling.box import uniform


def checked_energies(energies: Tensor, actions: Tensor) -> Tensor:
    """Energies of actions, (B, K, A), as they are, (B, K).

    Raises InputError for another shape or a value that is not finite; names the first state that has one.
    """
    if energies.shape != actions.shape[:2]:
        raise InputError(
            f"energies have shape {tuple(energies.shape)} for actions {tuple(actions.shape)}; valid is "
            f"{tuple(actions.shape[:2])}: one energy per state and action"
        )
    if not bool(torch.isfinite(energies.sum())):  # one number to look at; overflow is settled below
        _refuse("energy", torch.isfinite(energies))
    return energies


def checked_slopes(energy: Energy, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
    """Energies, (B, K), and slopes, (B, K, A). Raises InputError where either is not finite."""
    energies, slopes = value_and_gradient(energy, states, actions)
    checked_energies(energies, actions)
    if not bool(torch.isfinite(slopes.sum())):
        _refuse("slope of the energy", torch.isfinite(slopes).all(dim=-1))
    return energies, slopes


def first_actions(
    start: Tensor | None, states: Tensor, samples: int, low: Tensor, high: Tensor, generator: torch.Generator
) -> Tensor:
    """Where chains begin, (B, K, A): a copy of start, or uniform actions.

    Raises InputError for a start of another shape, or with a value that is not finite or out of bounds.
    """
    if start is None:
        return uniform(len(states), samples, low, high, generator)
    if start.dim() != 3 or len(start) != len(states) or start.shape[2] != len(low):
        raise InputError(
            f"start has shape {tuple(start.shape)}; valid is ({len(states)}, K, {len(low)}): states, chains, "
            "action components"
        )
    if not bool(((start >= low) & (start <= high)).all()):
        raise InputError(f"start must be finite and inside the bounds {low.tolist()} to {high.tolist()}")
    return start.detach().clone()


def check_states(states: Tensor, low: Tensor, high: Tensor) -> None:
    """Raises InputError for no states, or bounds that are not two vectors of one length, low below high."""
    if states.dim() < 1 or not len(states):
        raise InputError(f"states have shape {tuple(states.shape)}; valid is (B, ...) with B at least 1")
    if low.dim() != 1 or low.shape != high.shape or not bool((low < high).all()):
        raise InputError(
            f"low is {low.tolist()} and high {high.tolist()}; valid are two vectors of one number per action "
            "component, low below high"
        )


def _refuse(what: str, finite: Tensor) -> None:
    """Raises InputError if anything is not finite; finite: (B, K)."""
    broken = (~finite).any(dim=1).nonzero()
    if len(broken):
        raise InputError(
            f"the {what} is NaN or infinite in state {int(broken[0])}, one of {len(broken)}; "
            "valid are finite energies for all actions in the box"
        )
