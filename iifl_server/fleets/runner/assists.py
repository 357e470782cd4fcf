"""Ways of algorithmic supervisors that people chose for their robots, step by step. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from iifl_server.fleets.runner.judging import Accepted
from iifl_server.live.leases import Lease


@dataclass(frozen=True)
class Assist:
    """A person's robot that follows the way which the person chose."""

    lease: Lease
    """Of the person, under which it was chosen: with the lease it ends."""
    mode: str
    left: int
    """Steps still to come."""


def begun(commands: Iterable[Accepted]) -> dict[int, Assist]:
    """Robot → what begins with these commands."""
    return {
        one.command.robot: Assist(one.lease, one.command.mode, one.command.steps)
        for one in commands
        if one.lease is not None and one.command.mode is not None and one.command.steps is not None
    }


def going_on(
    assists: Mapping[int, Assist], leases: Mapping[int, Lease], commanded: Collection[int]
) -> dict[int, Assist]:
    """Those that still hold: the lease is the same, and its holder has ordered nothing else since."""
    return {
        robot: one
        for robot, one in assists.items()
        if robot not in commanded and robot in leases and leases[robot].token == one.lease.token
    }


def after_step(assists: Mapping[int, Assist], moved: Collection[int]) -> dict[int, Assist]:
    """What remains of them when these robots have taken one step."""
    taken = {
        robot: replace(one, left=one.left - 1) if robot in moved else one for robot, one in assists.items()
    }
    return {robot: one for robot, one in taken.items() if one.left > 0}
