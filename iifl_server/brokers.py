"""Addresses of the one broker for each of its users: Celery, channel layer, live state, frames."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

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


def socket_urls(socket: Path, frames: str | None = None) -> BrokerUrls:
    """Addresses on a unix socket; each user has a database of its own."""
    return BrokerUrls(
        celery=f"redis+socket://{socket}?virtual_host=0",
        results=f"redis+socket://{socket}?virtual_host=1",
        layer=f"unix://{socket}?db=2",
        live=f"unix://{socket}?db=3",
        frames=frames or f"unix://{socket}?db=3",
    )


def server_urls(url: str, frames: str | None = None) -> BrokerUrls:
    """Addresses on a Redis or Valkey server; keys are kept apart by their prefixes."""
    return BrokerUrls(celery=url, results=url, layer=url, live=url, frames=frames or url)


def broker_client() -> redis.Redis:
    """A connection of one's own to the broker of the settings, for a look at whether it answers."""
    from django.conf import settings

    return redis.Redis.from_url(settings.BROKERS.live, socket_timeout=5, protocol=2)
