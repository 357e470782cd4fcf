"""Who sits at a console of a run: heartbeats in the broker, forgotten after a grace time."""

import json
from dataclasses import asdict, dataclass

from iifl_server.live import keys
from iifl_server.live.broker import live_client

SEAT_GRACE_MS = 10_000
"""A page that was not heard of for this long has left."""


@dataclass(frozen=True)
class Presence:
    """One person at a console."""

    person: int
    name: str
    joined_at: float
    """Server's clock [ms]; who came first is seated first."""
    seen_at: float
    paused: bool = False

    def encoded(self) -> str:
        """As kept in the broker."""
        return json.dumps(asdict(self))


def present_people(entries: list[Presence], now: float) -> dict[int, Presence]:
    """Those heard of within the grace time, in the order in which they came."""
    there = [entry for entry in entries if now - entry.seen_at <= SEAT_GRACE_MS]
    return {entry.person: entry for entry in sorted(there, key=lambda one: (one.joined_at, one.person))}


def read_presence(run: int) -> list[Presence]:
    """Everybody on record, present or not."""
    entries = live_client().hvals(keys.presence(run))
    return [Presence(**json.loads(entry)) for entry in entries]


def touch(run: int, person: int, name: str, now: float, *, paused: bool | None = None) -> Presence:
    """Record that the person is there; keeps the time of arrival, and the pause unless one is given."""
    client = live_client()
    raw = client.hget(keys.presence(run), str(person))
    known = Presence(**json.loads(raw)) if raw else None
    back = known is not None and now - known.seen_at <= SEAT_GRACE_MS
    entry = Presence(
        person=person,
        name=name,
        joined_at=known.joined_at if known and back else now,
        seen_at=now,
        paused=paused if paused is not None else bool(known and back and known.paused),
    )
    client.hset(keys.presence(run), str(person), entry.encoded())
    client.expire(keys.presence(run), 3600)
    return entry


def leave(run: int, person: int) -> None:
    """The person signed out: the seat is free at the next step."""
    live_client().hdel(keys.presence(run), str(person))
