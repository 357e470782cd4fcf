"""Operational-space control of the arm: torques that move the hand as an action asks, for many robots.

Khatib's control law with a null space that pulls the joints to their rest, with the published task's gains.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ARM_JOINTS = 7
REST = np.array([0.0, 0.1963, 0.0, -2.6180, 0.0, 2.9416, 0.7854])
"""Joint angles that the arm starts near, and that its null space prefers [rad]."""
TORQUE_LIMITS = np.array([87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0])
"""[N m]"""
FULL_MOVE = 0.1
"""Displacement of the hand that a translation of 1.0 asks for [m]."""
FULL_TURN = 0.5
"""Rotation of the hand that a rotation of 1.0 asks for [rad]."""

_STIFFNESS = 150.0
_DAMPING = 2.0 * np.sqrt(_STIFFNESS)
_NULL_STIFFNESS = 10.0
_NULL_DAMPING = 2.0 * np.sqrt(_NULL_STIFFNESS)


def jacobian(hand: Floats, anchors: Floats, axes: Floats) -> Floats:
    """Jacobian of a point of the hand, (n, 6, 7): velocity [m/s] above angular velocity [rad/s].

    hand, shape (n, 3); anchors and axes of the joints, both (n, 7, 3), in the world.
    """
    x, y, z = axes.T  # Each (7, n).
    to_x, to_y, to_z = (hand[:, None] - anchors).T
    linear = [y * to_z - z * to_y, z * to_x - x * to_z, x * to_y - y * to_x]
    rows = np.array([*linear, x, y, z])  # (6, 7, n)
    return rows.T.copy().transpose(0, 2, 1)  # Each robot's numbers lie together: solving reads them often.


def torques(actions: Floats, jacobians: Floats, inertia: Floats, angles: Floats, speeds: Floats) -> Floats:
    """Joint torques within their limits, shape (n, 7) [N m].

    actions, shape (n, 6), in [-1, 1]: translation and rotation vector of the hand in the world; jacobians
    (n, 6, 7); joint-space inertia (n, 7, 7); joint angles and speeds, both (n, 7).
    """
    wanted = actions * ([FULL_MOVE] * 3 + [FULL_TURN] * 3)
    velocity = _times(jacobians, speeds)  # (n, 6)
    turned = jacobians.transpose(0, 2, 1)
    mobility = np.linalg.solve(inertia, turned)  # M^-1 J^T, (n, 7, 6)
    hand_inertia = np.linalg.inv(jacobians @ mobility)  # (n, 6, 6)
    force = _times(hand_inertia, _STIFFNESS * wanted - _DAMPING * velocity)
    away = (REST - angles + np.pi) % (2 * np.pi) - np.pi
    posture = _times(inertia, _NULL_STIFFNESS * away - _NULL_DAMPING * speeds)
    inverse = hand_inertia @ mobility.transpose(0, 2, 1)  # Dynamically consistent, transposed: (n, 6, 7)
    idle = posture - _times(turned, _times(inverse, posture))
    return np.clip(_times(turned, force) + idle, -TORQUE_LIMITS, TORQUE_LIMITS)


def _times(matrices: Floats, vectors: Floats) -> Floats:
    product: Floats = (matrices @ vectors[:, :, None])[:, :, 0]
    return product
