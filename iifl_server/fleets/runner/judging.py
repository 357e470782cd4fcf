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
    lease: Lease
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


def judge(
    command: Command, lease: Lease | None, sights: Sights, *, assisted: bool = False
) -> Accepted | Refused:
    """Check a command against the lease and against what the person saw when giving it.

    assisted: the robot already follows a way that was chosen under this lease; then it moves while the
    person chooses the next, and that it has moved is no surprise.
    """
    if lease is None or lease.token != command.lease:
        return Refused(command, InterventionStatus.REFUSED, "This robot is not yours any more.")
    if command.kind == HelpKind.HAND_BACK:
        return Accepted(command, lease)
    if command.kind != lease.kind:
        return Refused(command, InterventionStatus.REFUSED, "The robot needs something else from you now.")
    if command.kind == HelpKind.HARD_RESET:
        return Accepted(command, lease)
    sighting = sights.find(command.robot, command.frame) if command.frame is not None else None
    if sighting is None:
        return Refused(command, InterventionStatus.LATE, "The frame you decided by is too old.")
    if not (sights.is_current(command.robot, sighting) or (assisted and command.mode is not None)):
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
