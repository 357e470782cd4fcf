"""Addresses of the one broker for each of its users: Celery, channel layer, live state, frames."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import redis

from iifl_server.environment import LONGEST_SOCKET_PATH

SOCKET_TIMEOUT_S = 20
"""Longer than every blocking read: the channel layer blocks for 5 s, and an equal timeout kills sockets."""


@dataclass(frozen=True)
class BrokerUrls:
    """One URL per user of the broker."""

    celery: str
    results: str
    layer: str
    live: str
    frames: str

    @property
    def channel_layers(self) -> dict[str, Any]:
        """Django's CHANNEL_LAYERS. RESP2, since pooled RESP3 connections go silent after a broker restart."""
        host = {"address": self.layer, "socket_timeout": SOCKET_TIMEOUT_S, "protocol": 2}
        return {
            "default": {
                "BACKEND": "channels_redis.core.RedisChannelLayer",
                "CONFIG": {"hosts": [host], "prefix": "iifl-layer", "capacity": 2000, "expiry": 20},
            }
        }


def socket_path(directory: Path) -> Path:
    """Where the embedded broker listens: in its folder, or in a short private one where that is too long."""
    path = directory / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"iifl-{os.getuid()}-{name}" / "valkey.sock"


def socket_urls(socket: Path, frames: str | None = None) -> BrokerUrls:
    """Addresses on a unix socket; each user has a database of its own."""
    path = quote(os.fsencode(socket))
    return BrokerUrls(
        celery=f"redis+socket://{path}?virtual_host=0",
        results=f"redis+socket://{path}?virtual_host=1",
        layer=f"unix://{path}?db=2",
        live=f"unix://{path}?db=3",
        frames=frames or f"unix://{path}?db=3",
    )


def server_urls(url: str, frames: str | None = None) -> BrokerUrls:
    """Addresses on a Redis or Valkey server; keys are kept apart by their prefixes."""
    return BrokerUrls(celery=url, results=url, layer=url, live=url, frames=frames or url)


def broker_client() -> redis.Redis:
    """A connection of one's own to the broker of the settings, for a look at whether it answers."""
    from django.conf import settings

    return redis.Redis.from_url(settings.BROKERS.live, socket_timeout=5, protocol=2)
