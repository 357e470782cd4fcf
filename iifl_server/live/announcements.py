"""What a runner tells pages: the live message of a run, and outcomes to one person."""

import json
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from iifl_server.live import keys
from iifl_server.live.broker import live_client


def announce_live(run: int, live: dict[str, Any]) -> None:
    """Keep the newest live message for pages that arrive later, and tell those that are there.

    live: `state` (the wire's), `seats` and `leases` by person; a page is sent its own alone.
    """
    live_client().set(keys.live(run), json.dumps(live))
    _send(keys.run_group(run), {"type": "live.state", "live": live})


def announce_outcome(person: int, outcome: dict[str, Any]) -> None:
    """Tell all pages of a person what became of a command."""
    _send(keys.person_group(person), {"type": "live.outcome", "outcome": outcome})


def announce_signed_out(person: int) -> None:
    """Close all pages of a person."""
    _send(keys.person_group(person), {"type": "live.signed_out"})


def announce_rights(person: int) -> None:
    """Have all pages of a person look at what they may."""
    _send(keys.person_group(person), {"type": "live.rights"})


def newest_live(run: int) -> dict[str, Any] | None:
    """As last announced, or None before a runner has driven the run."""
    raw = live_client().get(keys.live(run))
    return json.loads(raw) if raw else None


def _send(group: str, message: dict[str, Any]) -> None:
    async_to_sync(get_channel_layer().group_send)(group, message)
