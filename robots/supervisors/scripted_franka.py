"""Scripted supervisors for cube stacking: seven phases, and two kinds that grasp different faces.

The phases (Appendix 7.3.2): move above cube A, turn, descend, lift, translate above cube B, place, release.
Which one is due follows from where cubes, hand and fingers are now, so that a supervisor may take over a
robot in any state, and a cube that slipped is simply grasped again.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from robots import snapshots
from robots.checks import check_ids
from robots.fleet import FleetError, Snapshot
from robots.randomness import check_seed, generator_for, pack, unpack
from robots.tasks.franka_cube_stack.control import FULL_MOVE, FULL_TURN
from robots.tasks.franka_cube_stack.geometry import BASE, SHOULDER_HEIGHT, rotation
from robots.tasks.franka_cube_stack.stacking import SIZE_A, SIZE_B

Floats = NDArray[np.float64]
Faces = Literal["first", "second"]
"""Which pair of cube A's faces is grasped: the hand turns to the cube's yaw θ ("first"), or to θ - π/2."""

ACTION_NOISE = 0.02
"""Standard deviation of the Gaussian noise on translation and rotation of an action."""
HOVER = 0.08
"""The hand waits this far above cube A before it descends [m]."""
CLEARANCE = 0.03
"""A held cube A travels with its lower face this far above cube B's upper one [m]."""

_ALIGNED = 0.006  # Across, before the hand descends to A or A to B [m].
_TURNED = 0.06  # [rad]
_AT_GRASP = 0.008  # Height of the hand above its grasp [m].
_GRASP_ABOVE = 0.003  # Of the grip point above A's middle when grasped [m].
_CLOSED_ON_A = 0.042  # Sum of the fingers' positions when A is held is 0.038 [m].
_OPEN = 0.070
_PLACE_GAP = 0.004  # A is let go this far above B at most, if it hangs straight [m].
_PLACE_SPEED = 0.35  # Largest translation while placing, of 1.0.
_WRIST_ABOVE = 0.2104  # The wrist above the grip point of a hand that points down [m],
_WRIST_INWARD = 0.088  # and how much nearer to the base it is [m].
_ELBOW_FOLDED = 0.216  # From shoulder to wrist with the elbow at its limit, 0.201, and a margin [m].
_SNAPSHOT_VERSION = 1


class Phase(StrEnum):
    """What a supervisor is busy with."""

    APPROACH = "move above cube A"
    TURN = "turn the hand"
    DESCEND = "descend to cube A and close"
    LIFT = "lift cube A"
    TRANSLATE = "move above cube B"
    PLACE = "place cube A"
    RELEASE = "release cube A"


class TrueState(Protocol):
    """What these supervisors look at."""

    def cubes(self) -> tuple[Floats, Floats]:
        """Poses of A and B, (N, 7), w first."""

    def hands(self) -> tuple[Floats, Floats]:
        """Grip points (N, 3) [m] and orientations (N, 4), w first."""

    def fingers(self) -> Floats:
        """(N, 2) [m]."""


@dataclass(frozen=True)
class Plan:
    """Where the hand should be now, and what the fingers should do."""

    phase: Phase
    target: Floats
    """Of the grip point, (3,) [m]."""
    closed: bool
    turned: bool
    """Whether the hand is to be turned to the grasp, or kept at the yaw that it has."""
    speed: float = 1.0
    """Largest component of the translation, of 1.0."""


def grasp_yaw(cube: Floats, faces: Faces) -> float:
    """Yaw of the hand that grasps a cube lying at a pose (7,), w first: in (-π/2, π/2] [rad].

    A hand that is turned by π grasps the same faces, so the one nearer to the arm's rest is taken.
    """
    axes = rotation(cube[3:])
    upright = int(np.abs(axes[2]).argmax())  # Which of the cube's axes stands, if it has toppled.
    lying = axes[:, (upright + 1) % 3]
    yaw = math.atan2(lying[1], lying[0])
    wanted = yaw if faces == "first" else yaw - math.pi / 2
    return math.pi / 2 - (math.pi / 2 - wanted) % math.pi


def plan(a: Floats, b: Floats, grip: Floats, opening: float, off_by: float) -> Plan:
    """What is due for one robot.

    a, b, grip: positions of the cubes' middles and of the grip point, (3,) [m]; opening: sum of the fingers'
    positions [m]; off_by: angle between the hand and its grasp [rad].
    """
    above_b = _above(b, (SIZE_A + SIZE_B) / 2)
    offset = grip - a
    inside = math.hypot(offset[0], offset[1]) < 0.015 and abs(offset[2]) < 0.02
    over_b = math.dist(a[:2], above_b[:2])
    if over_b < 0.015 and abs(a[2] - above_b[2]) < _PLACE_GAP + 0.03 * lean(grip):
        if opening < _OPEN:
            return Plan(Phase.RELEASE, grip, closed=False, turned=False)
        return Plan(Phase.RELEASE, _above(grip, FULL_MOVE), closed=False, turned=False)
    if inside and opening < _CLOSED_ON_A:
        return _carry(above_b, offset, a, over_b)
    return _reach(a, grip, opening, off_by, inside)


def _carry(above_b: Floats, offset: Floats, a: Floats, over_b: float) -> Plan:
    """Phases 4 to 6, while cube A is held at an offset of the hand from it."""
    travel = above_b[2] + CLEARANCE
    if over_b < _ALIGNED:
        down = _above(above_b + offset, -0.004)  # Into contact, gently.
        return Plan(Phase.PLACE, down, closed=True, turned=False, speed=_PLACE_SPEED)
    if a[2] < travel - 0.015:
        return Plan(Phase.LIFT, np.array([*(a + offset)[:2], travel + offset[2]]), closed=True, turned=False)
    over = np.array([above_b[0], above_b[1], travel]) + offset
    return Plan(Phase.TRANSLATE, over, closed=True, turned=False)


def _reach(a: Floats, grip: Floats, opening: float, off_by: float, inside: bool) -> Plan:
    """Phases 1 to 3, until cube A is held."""
    grasp = _above(a, _GRASP_ABOVE)
    across = math.dist(grip[:2], grasp[:2])
    height = grip[2] - grasp[2]
    if across < 2 * _ALIGNED and height < _AT_GRASP and abs(off_by) < 2 * _TURNED:
        return Plan(Phase.DESCEND, grasp, closed=True, turned=True)
    if (
        across < _ALIGNED + 0.1 * max(height, 0.0)
        and abs(off_by) < 2 * _TURNED
        and not (height > 0.3 * HOVER and abs(off_by) > _TURNED)
    ):
        return Plan(Phase.DESCEND, grasp, closed=False, turned=True)
    hover = _above(a, HOVER)
    if across > 0.02:
        low = height < 0.7 * HOVER
        way = np.array([*grip[:2], hover[2]]) if low else hover  # Rise first, not to sweep A away.
        return Plan(Phase.APPROACH, way, closed=False, turned=False)
    return Plan(Phase.TURN, hover, closed=False, turned=True)


class ScriptedFranka:
    """Implements robots.fleet.Supervisor for the franka_cube_stack task.

    faces: which pair of cube A's faces it grasps. seed: of its action noise, a whole number of at least 0.
    Raises FleetError for other values.
    """

    def __init__(self, name: str, faces: Faces, seed: int) -> None:
        if faces not in get_args(Faces):
            raise FleetError(f"faces is {faces!r}, but must be one of {', '.join(get_args(Faces))}")
        self.name = name
        self.faces: Faces = faces
        self._generator = generator_for(check_seed(seed))

    def phases(self, fleet: TrueState, ids: Sequence[int]) -> list[Phase]:
        """What it is busy with on each of these robots."""
        return [due.phase for due, _ in self._plans(fleet, check_ids(ids, len(fleet.fingers())))]

    def actions(self, fleet: TrueState, ids: Sequence[int]) -> NDArray[np.float32]:
        """What it does for these robots, with noise, in [-1, 1]; shape (len(ids), 7)."""
        chosen = check_ids(ids, len(fleet.fingers()))
        grips, hands = fleet.hands()
        actions = np.zeros((len(chosen), 7))
        for row, (due, off_by) in enumerate(self._plans(fleet, chosen)):
            grip, hand = grips[chosen[row]], hands[chosen[row]]
            move = (due.target - grip) / FULL_MOVE
            actions[row, :3] = move * min(1.0, due.speed / max(float(np.abs(move).max()), 1e-9))
            actions[row, 3:6] = _pointing(hand, grip) / FULL_TURN
            actions[row, 5] += (off_by if due.turned else 0.0) / FULL_TURN
            actions[row, 6] = -1.0 if due.closed else 1.0
        actions[:, :6] += self._generator.normal(0.0, ACTION_NOISE, (len(chosen), 6))
        return np.clip(actions, -1.0, 1.0).astype(np.float32)

    def snapshot(self) -> Snapshot:
        """State of its own generator."""
        return {
            snapshots.HEADER: snapshots.header(f"scripted_franka {self.faces}", _SNAPSHOT_VERSION),
            "generator": pack([self._generator]),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Raises FleetError for a snapshot of another kind of supervisor."""
        snapshots.check(snapshot, self.snapshot(), f"supervisor {self.name!r}")
        (self._generator,) = unpack(snapshot["generator"])

    def _plans(self, fleet: TrueState, robots: list[int]) -> list[tuple[Plan, float]]:
        """For each robot its plan, and by how much the hand must turn about z to grasp [rad]."""
        (all_a, all_b), (grips, hands), fingers = fleet.cubes(), fleet.hands(), fleet.fingers()
        plans = []
        for robot in robots:
            a, b = all_a[robot], all_b[robot]
            off_by = _nearest(grasp_yaw(a, self.faces) - _yaw(hands[robot]))
            plans.append((plan(a[:3], b[:3], grips[robot], float(fingers[robot].sum()), off_by), off_by))
        return plans


def _above(point: Floats, height: float) -> Floats:
    return np.array([point[0], point[1], point[2] + height])


def _nearest(angle: float) -> float:
    return (angle + math.pi) % (2 * math.pi) - math.pi


def _yaw(hand: Floats) -> float:
    """Yaw of the hand's x axis [rad]; the hand's z axis points down."""
    x_axis = rotation(hand)[:, 0]
    return math.atan2(x_axis[1], x_axis[0])


def lean(grip: Floats) -> float:
    """How far the hand must lean so that the arm can hold it at a point, (3,) [m], near its base [rad].

    With the hand straight down, the wrist hangs over the point, 88 mm nearer to the base; nearer to the
    shoulder than _ELBOW_FOLDED it cannot come. Leaning outward by this angle keeps it away.
    """
    distance = math.hypot(grip[0] - BASE[0], grip[1] - BASE[1])
    below_shoulder = SHOULDER_HEIGHT - (grip[2] + _WRIST_ABOVE)
    reachable = _WRIST_INWARD + math.sqrt(max(_ELBOW_FOLDED**2 - below_shoulder**2, 0.0))
    return math.asin(min(max(reachable - distance, 0.0) / _WRIST_ABOVE, 0.5))


def _pointing(hand: Floats, grip: Floats) -> Floats:
    """The rotation vector in the world that turns the hand's z axis down, leaning where it must, (3,)."""
    angle = lean(grip)
    outward = np.array([grip[0] - BASE[0], grip[1] - BASE[1], 0.0])
    outward /= max(float(np.linalg.norm(outward)), 1e-9)
    wanted = -math.sin(angle) * outward - [0.0, 0.0, math.cos(angle)]
    axis = rotation(hand)[:, 2]
    turn = np.cross(axis, wanted)
    sine = float(np.linalg.norm(turn))
    size = math.atan2(sine, float(axis @ wanted))
    straight: Floats = turn * (size / sine) if sine > 1e-9 else np.zeros(3)
    return straight
