"""Application of the live room."""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from redis.exceptions import RedisError


class LiveConfig(AppConfig):
    """Consumers, wire protocol, frame hub, commands, leases."""

    name = "iifl_server.live"
    verbose_name = "Live"

    def ready(self) -> None:
        """Signing out closes the person's pages; what changes about a person is looked at there at once."""
        from iifl_server.accounts.models import Person

        user_logged_out.connect(_signed_out, dispatch_uid="live-signed-out")
        for changed in (post_save, post_delete):
            changed.connect(_changed, sender=Person, dispatch_uid=f"live-rights-{id(changed)}")


def _changed(sender: object, instance: Any, **_: Any) -> None:
    person = instance.pk
    if person is not None:
        transaction.on_commit(lambda: _tell(person))


def _tell(person: int) -> None:
    from iifl_server.live.announcements import announce_rights

    try:
        announce_rights(person)
    except (RedisError, OSError):
        return  # Pages look again by themselves.


def _signed_out(sender: object, user: Any, **_: Any) -> None:
    from iifl_server.live.announcements import announce_signed_out

    if user is not None:
        try:
            announce_signed_out(user.pk)
        except (RedisError, OSError):
            return  # No broker, no open pages that could do anything.
