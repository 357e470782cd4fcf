"""A fleet of carts behind the stand-in for the Isaac Gym worker."""

import sys
from pathlib import Path

from robots.backends.isaacgym.fleet import IsaacGymFleet
from robots.fleet import Spaces

EPISODE_LENGTH = 50
COMMAND = [sys.executable, str(Path(__file__).with_name("worker.py"))]


def cart_fleet(robots: int = 3, seed: int = 0, fault: str = "", **limits: float) -> IsaacGymFleet:
    """Robots whose worker may have a fault of worker.FAULT."""
    spaces = Spaces((4,), "float32", 2)
    command = [*COMMAND, *([fault] if fault else [])]
    return IsaacGymFleet("cart", robots, seed, spaces, EPISODE_LENGTH, command=command, **limits)
