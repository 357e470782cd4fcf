"""What a fleet of simulated bodies asks of the engine that steps them, whichever engine it is."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

OF_PLACES = frozenset({"xpos", "xquat", "site_xpos", "site_xquat", "xanchor", "xaxis", "M"})
"""Derived fields that follow from positions alone."""


class Physics(Protocol):
    """N simulations of one MuJoCo model; robot i is row i of every array."""

    backend: str
    """Name of the engine, as a person chooses it; snapshots of one engine are not another's."""
    model: Any
    """The mujoco.MjModel."""
    positions: Floats
    """(N, nq), live: what is written here is the simulation's state."""
    speeds: Floats
    """(N, nv), live."""
    controls: Floats
    """(N, nu), live."""
    state: Floats
    """(N, K), live: everything that decides the future of each simulation; to be saved."""

    def derived(self, name: str) -> NDArray[Any]:
        """A field named at construction, (N, ...), read-only; it tells of the state after the last step."""

    def clear(self, robot: int) -> None:
        """Set one simulation up at the model's initial pose, at rest; `refresh` must follow."""

    def refresh(self, robots: Sequence[int] | NDArray[np.intp] | None = None) -> None:
        """Bring derived fields up to date after writes to the state; those of sensors of force stay old."""

    def step(self, robots: NDArray[np.intp], substeps: int) -> None:
        """Advance these simulations by substeps of the model's time step; the others stay untouched."""

    def restore(self, state: Floats) -> None:
        """Go on from a copy of `state`."""

    def broken(self) -> NDArray[np.bool_]:
        """Which simulations blew up, (N,)."""
