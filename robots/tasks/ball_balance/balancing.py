"""What is wanted of the ball: the published task's reward, where it starts, and when it is lost. Pure."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NAME = "ball_balance"
EPISODE_LENGTH = 500
BALL_RADIUS = 0.1
"""[m]"""
WANTED_HEIGHT = 0.7
"""Of the ball's centre, over the middle of the tray [m]."""
LOST_HEIGHT = 1.5 * BALL_RADIUS
"""A ball lower than this lies on the ground [m]."""
START_DISTANCE = (0.001, 0.5)
"""How far from the middle a ball starts [m]."""
START_HEIGHT = (1.0, 2.0)
"""[m]"""
START_SPEED = 5.0
"""Downward speed at the start, and largest speed towards the middle [m/s]."""


def reward(balls: Floats, speeds: Floats) -> Floats:
    """1 for a ball at rest at the wanted place, less for one that is away or moves; (N,).

    balls: positions, (N, 3) [m]. speeds: velocities, (N, 3) [m/s].
    """
    off = np.sqrt(balls[:, 0] ** 2 + balls[:, 1] ** 2 + (balls[:, 2] - WANTED_HEIGHT) ** 2)
    speed = np.sqrt((speeds**2).sum(axis=1))
    total: Floats = 1.0 / (1.0 + off) / (1.0 + speed)
    return total


def draw_ball(generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Position [m] and velocity [m/s] of a ball at the start, each (3,).

    It falls, and flies towards the middle: the faster, the farther out it starts.
    """
    distance = generator.uniform(*START_DISTANCE)
    direction = generator.uniform(0.0, 2 * math.pi)
    outward = np.array([math.cos(direction), math.sin(direction)])
    share = (distance - START_DISTANCE[0]) / (START_DISTANCE[1] - START_DISTANCE[0])
    inward = share * generator.uniform(0.0, START_SPEED)
    height = generator.uniform(*START_HEIGHT)
    return np.array([*(distance * outward), height]), np.array([*(-inward * outward), -START_SPEED])
