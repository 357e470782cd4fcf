"""The project's own application: what holds for every process of it."""

from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from iifl_server.data_folder import make_private


class IIFLConfig(AppConfig):
    """Rooms that have no application of their own."""

    name = "iifl_server"
    verbose_name = "IIFL"

    def ready(self) -> None:
        """Tasks find their Celery; whatever the data folder's mode is, the database in it is private."""
        import_module("iifl_server.celery")
        connection_created.connect(_make_private, dispatch_uid="private-database")


def _make_private(sender: object, connection: Any, **_: Any) -> None:
    if connection.vendor == "sqlite" and not connection.is_in_memory_db():
        name = str(connection.settings_dict["NAME"])
        for path in (name, f"{name}-wal", f"{name}-shm"):
            try:
                make_private(Path(path))
            except OSError:
                continue  # Not there yet; made with the rights of the database itself.
