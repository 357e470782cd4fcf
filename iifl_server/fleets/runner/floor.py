"""Where robots move: at once in a simulation, over seconds where they are real."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from iifl_server.fleets.runner.assists import Assist
from iifl_server.fleets.runner.judging import Accepted
from policy.supervision import Orders, Situation
from robots.fleet import Fleet, Snapshot, StepResult
from robots.physical import Condition, Presence


@dataclass(frozen=True)
class Ordered:
    """One motion of one robot, and by whose word."""

    robot: int
    action: NDArray[np.float32]
    """(A,)"""
    observation: NDArray[Any]
    """What was seen when it was ordered."""
    author: str
    """The person, the algorithm, or the policy with its version."""
    person: int | None = None
    seat: int | None = None
    """Supervisor's seat that it came from; None where the policy acts."""
    command: Accepted | None = None
    """Of a person; for an assist only its first step."""
    assist: Assist | None = None
    """The way that a person had chosen in an earlier step."""

    @property
    def intervention(self) -> bool:
        """A supervisor acts, person or algorithm."""
        return self.seat is not None


@dataclass(frozen=True)
class Landed:
    """A motion that came to its end, and what it came to."""

    ordered: Ordered
    action: NDArray[np.float32]
    """As carried out."""
    reward: float
    done: bool
    violation: bool
    success: bool


@dataclass(frozen=True)
class Fallen:
    """A motion that did not come to its end."""

    ordered: Ordered
    known: bool
    """Whether it is known what happened: it was refused, or stopped on its way."""
    reason: str


class Floor(Protocol):
    """N robots of one run, whatever they are."""

    by_hand: bool

    def conditions(self) -> list[Condition]:
        """How each robot is."""

    def situation(self) -> Situation | None:
        """Who cannot be asked or ordered now; None in a simulation."""

    def begin(self, orders: Orders, ordered: Sequence[Ordered], step: int) -> None:
        """Send the robots that are active on their way."""

    def landed(self) -> list[Landed]:
        """Motions whose end is known and sure, each once: they belong to the coming step."""

    def fallen(self) -> list[Fallen]:
        """Motions that did not come to their end, each once."""

    def stirred(self) -> bool:
        """Something has ended since the last step: the next one need not wait."""

    def hard_reset(self, ids: Collection[int]) -> dict[int, str]:
        """Begin again; robot → why not."""

    def stop(self, reason: str, *, motors_off: bool = False) -> None:
        """Every robot stands still, at once, until `release`."""

    def release(self) -> None:
        """End a stop."""

    def close(self) -> None:
        """Let go of the robots."""

    def snapshot(self) -> Snapshot:
        """What `restore` turns back: all of a simulation, nothing of what is there."""

    def restore(self, snapshot: Snapshot) -> None:
        """See `snapshot`."""


class SimulatedFloor:
    """Motions end in the step that they begin in, and nothing moves in between."""

    by_hand = False

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._landed: list[Landed] = []
        self._ready = [Condition(Presence.READY)] * fleet.size

    def conditions(self) -> list[Condition]:
        """All are ready."""
        return self._ready

    def situation(self) -> None:
        """Nothing is away."""

    def begin(self, orders: Orders, ordered: Sequence[Ordered], step: int) -> None:
        """One step of the simulation."""
        result: StepResult = self._fleet.act(orders.actions, orders.active)
        self._landed += [
            Landed(
                one,
                one.action,
                float(result.reward[one.robot]),
                bool(result.done[one.robot]),
                bool(result.violation[one.robot]),
                bool(result.success[one.robot]),
            )
            for one in ordered
        ]

    def landed(self) -> list[Landed]:
        """All that began."""
        landed, self._landed = self._landed, []
        return landed

    def fallen(self) -> list[Fallen]:
        """None."""
        return []

    def stirred(self) -> bool:
        """Nothing happens between two steps."""
        return False

    def hard_reset(self, ids: Collection[int]) -> dict[int, str]:
        """Nobody needs to look."""
        self._fleet.hard_reset(sorted(ids))
        return {}

    def stop(self, reason: str, *, motors_off: bool = False) -> None:
        """Nothing moves between two steps."""

    def release(self) -> None:
        """See `stop`."""

    def close(self) -> None:
        """Nothing to let go of."""

    def snapshot(self) -> Snapshot:
        """The fleet's."""
        return self._fleet.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """The fleet goes on from there."""
        self._fleet.restore(snapshot)


def as_result(landed: Sequence[Landed], robots: int) -> StepResult:
    """What landed, as a fleet reports a step; robots that did not land report zeros."""
    reward = np.zeros(robots, dtype=np.float32)
    done, violation, success = (np.zeros(robots, dtype=np.bool_) for _ in range(3))
    for one in landed:
        robot = one.ordered.robot
        reward[robot], done[robot] = one.reward, one.done
        violation[robot], success[robot] = one.violation, one.success
    return StepResult(reward, done, violation, success)


def as_orders(landed: Sequence[Landed], orders: Orders) -> Orders:
    """The orders whose motion ended in this step; hard resets as they were ordered."""
    active = np.zeros_like(orders.active)
    active[[one.ordered.robot for one in landed]] = True
    executed = sorted(one.ordered.robot for one in landed if one.ordered.intervention)
    return Orders(orders.actions, active, executed, orders.resetting)
