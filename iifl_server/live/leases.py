"""Leases: the right of one person to command one robot, until the allocation takes it back."""

import secrets
from dataclasses import dataclass, replace

from iifl_server.live import keys
from iifl_server.live.broker import live_client


@dataclass(frozen=True)
class Lease:
    """A person's right to command a robot."""

    robot: int
    seat: int
    person: int
    kind: str
    """teleoperation or hard_reset."""
    token: str
    begun_step: int


def next_leases(
    held: dict[int, tuple[int, int, str]], before: dict[int, Lease], step: int
) -> dict[int, Lease]:
    """Leases by robot from now on; one that goes on unchanged keeps its token.

    held: robot → (seat, person, kind).
    """
    leases: dict[int, Lease] = {}
    for robot, (seat, person, kind) in held.items():
        fresh = Lease(robot, seat, person, kind, secrets.token_urlsafe(18), step)
        known = before.get(robot)
        same = known is not None and replace(known, token=fresh.token, begun_step=step) == fresh
        leases[robot] = known if same and known is not None else fresh
    return leases


def store_leases(run: int, leases: dict[int, Lease]) -> None:
    """Replace the leases of a run in the broker, all at once."""
    client = live_client()
    before = {int(robot) for robot in client.smembers(keys.leases(run))}
    with client.pipeline(transaction=True) as pipe:
        for robot in before - leases.keys():
            pipe.delete(keys.lease(run, robot))
        pipe.delete(keys.leases(run))
        for robot, lease in leases.items():
            values = {"token": lease.token, "person": str(lease.person), "kind": lease.kind}
            pipe.hset(keys.lease(run, robot), mapping={**values, "seat": str(lease.seat)})
            pipe.sadd(keys.leases(run), robot)
        pipe.execute()
