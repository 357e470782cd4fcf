"""Connections to the broker for live state, commands and frames."""

import threading
from pathlib import Path
from typing import Any

import redis
import redis.asyncio
from django.conf import settings
from redis.exceptions import RedisError

_local = threading.local()
_scripts: dict[str, str] = {
    path.stem: path.read_text() for path in sorted((Path(__file__).parent / "lua").glob("*.lua"))
}


def live_client() -> Any:
    """This thread's connection for state, leases and commands.

    Any: redis-py's annotations mix the answers of its blocking and its asyncio client.
    """
    return _client("live", settings.BROKERS.live)


def frames_client() -> Any:
    """This thread's connection for frames; may be another server."""
    return _client("frames", settings.BROKERS.frames)


def frames_client_async() -> Any:
    """A new asyncio connection for frames; whoever asks for it closes it."""
    return redis.asyncio.Redis.from_url(settings.BROKERS.frames, socket_timeout=20, protocol=2)


def run_script(name: str, keys: list[str], arguments: list[str | bytes | int | float]) -> list[bytes]:
    """Run one of `lua/*.lua` atomically in the broker."""
    return list(live_client().eval(_scripts[name], len(keys), *keys, *arguments))


def broker_answers() -> bool:
    """Whether the broker answers a ping."""
    try:
        return bool(live_client().ping())
    except RedisError:
        return False


def _client(name: str, url: str) -> Any:
    known = getattr(_local, name, None)
    if known is None or known[0] != url:
        client = redis.Redis.from_url(url, socket_timeout=5, health_check_interval=10, protocol=2)
        known = (url, client)
        setattr(_local, name, known)
    return known[1]
