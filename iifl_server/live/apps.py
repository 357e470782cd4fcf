"""Application of the live room."""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out
from redis.exceptions import RedisError


class LiveConfig(AppConfig):
    """Consumers, wire protocol, frame hub, commands, leases."""

    name = "iifl_server.live"
    verbose_name = "Live"

    def ready(self) -> None:
        """Signing out closes the person's pages."""
        user_logged_out.connect(_signed_out, dispatch_uid="live-signed-out")


def _signed_out(sender: object, user: Any, **_: Any) -> None:
    from iifl_server.live.announcements import announce_signed_out

    if user is not None:
        try:
            announce_signed_out(user.pk)
        except (RedisError, OSError):
            return  # No broker, no open pages that could do anything.
