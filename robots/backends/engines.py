"""Engines that step MuJoCo models, by name."""

from collections.abc import Sequence
from typing import Any

from robots.backends.physics import Physics
from robots.fleet import FleetError

DEFAULT = "mujoco"
NAMES = (DEFAULT, "mjwarp")


def simulations(
    backend: str, model: Any, robots: int, derived: Sequence[str] = (), threads: int | None = None
) -> Physics:
    """N simulations of a mujoco.MjModel on a backend; see that backend's class for the other arguments.

    Raises FleetError for a backend that is unknown or not installed.
    """
    if backend == "mujoco":
        from robots.backends.mujoco import Simulations

        return Simulations(model, robots, derived, threads)
    if backend == "mjwarp":
        from robots.backends.mjwarp import WarpSimulations  # Not imported unless chosen.

        return WarpSimulations(model, robots, derived, threads)
    raise FleetError(f"no engine {backend!r} steps MuJoCo models; valid are {', '.join(NAMES)}")
