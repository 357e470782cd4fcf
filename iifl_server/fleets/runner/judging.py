"""Whether a person's command still makes sense for the robot as it is now. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iifl_server.fleets.models import HelpKind, InterventionStatus
from iifl_server.fleets.runner.sight import Sighting, Sights
from iifl_server.live.leases import Lease
from iifl_server.live.protocol import Command
from robots.camera import action_from_click
from robots.fleet import FleetError


@dataclass(frozen=True)
class Accepted:
    """A command that waits for the next step."""

    command: Command
    lease: Lease | None
    """Of the person; None for what is ordered from the robot's side."""
    action: NDArray[np.float32] | None = None
    clipped: bool = False
    sighting: Sighting | None = None

    @property
    def end(self) -> tuple[float, float] | None:
        """Where the push will end on the frame, clipping included, as fractions."""
        click, seen = self.command, self.sighting
        if seen is None or seen.anchor is None or click.x is None or click.y is None:
            return None
        if not self.clipped:
            return (click.x, click.y)
        (ax, ay), aspect = seen.anchor, 640 / 480
        dx, dy = click.x - ax, (click.y - ay) / aspect
        scale = seen.reach / float(np.hypot(dx, dy))
        return (ax + dx * scale, ay + dy * scale * aspect)


@dataclass(frozen=True)
class Refused:
    """A command that moves nothing, with a sentence for the person."""

    command: Command
    status: InterventionStatus
    reason: str


@dataclass(frozen=True)
class Standing:
    """How the robot is that a command is for."""

    assisted: bool = False
    """It already follows a way that was chosen under this lease; then it moves while the person chooses the
    next, and that it has moved is no surprise."""
    moving: bool = False
    """A motion is under way."""
    away: str = ""
    """Why it takes no motion; empty for one that is there."""
    asks: bool = False
    """It waits for a verdict."""
    violated: bool = False
    by_hand: bool = False
    """It is put right by somebody at its side."""
    real: bool = False
    """It is no simulation."""


def judge(
    command: Command, lease: Lease | None, sights: Sights, standing: Standing | None = None
) -> Accepted | Refused:
    """Check a command against the lease, the robot, and what the person saw when giving it."""
    robot = standing or Standing()
    if command.kind in (HelpKind.PUT_RIGHT, HelpKind.SET_ASIDE):
        return _judge_beside(command, robot)
    if lease is None or lease.token != command.lease:
        return Refused(command, InterventionStatus.REFUSED, "This robot is not yours any more.")
    if command.kind == HelpKind.HAND_BACK:
        return Accepted(command, lease)
    if command.kind != lease.kind:
        return Refused(command, InterventionStatus.REFUSED, "The robot needs something else from you now.")
    if command.kind == HelpKind.VERDICT and not robot.asks:
        return Refused(command, InterventionStatus.REFUSED, "The robot does not ask what happened any more.")
    if command.kind in (HelpKind.HARD_RESET, HelpKind.VERDICT):
        return Accepted(command, lease)
    if robot.away:
        return Refused(command, InterventionStatus.REFUSED, f"The robot takes no push: {robot.away}")
    if robot.moving:
        return Refused(command, InterventionStatus.LATE, "The robot is still moving.")
    sighting = sights.find(command.robot, command.frame) if command.frame is not None else None
    if sighting is None:
        return Refused(command, InterventionStatus.LATE, "The frame you decided by is too old.")
    if not (sights.is_current(command.robot, sighting) or (robot.assisted and command.mode is not None)):
        return Refused(command, InterventionStatus.LATE, "The robot has moved since that frame.")
    if command.mode is not None:
        return Accepted(command, lease)
    if sighting.anchor is None or command.x is None or command.y is None:
        return Refused(command, InterventionStatus.REFUSED, "A click on that frame means nothing.")
    try:
        action, clipped = action_from_click(sighting.anchor, (command.x, command.y), sighting.reach)
    except FleetError as error:
        return Refused(command, InterventionStatus.REFUSED, str(error))
    return Accepted(command, lease, action, clipped, sighting)


def _judge_beside(command: Command, robot: Standing) -> Accepted | Refused:
    """What a technician orders at the robot's side."""
    reason = ""
    if not robot.real:
        reason = "This robot is a simulation: there is nobody at its side."
    elif command.kind == HelpKind.PUT_RIGHT and not robot.violated:
        reason = "This robot does not wait to be put right."
    elif command.kind == HelpKind.PUT_RIGHT and not robot.by_hand:
        reason = "This robot puts itself right; its supervisor confirms that."
    return Refused(command, InterventionStatus.REFUSED, reason) if reason else Accepted(command, None)
