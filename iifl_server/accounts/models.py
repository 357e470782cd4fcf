"""People, their roles, and the append-only audit log."""

from typing import Any, NoReturn

from django.contrib.auth.models import AbstractUser
from django.db import models

from iifl_server.errors import ServerError


class Role(models.TextChoices):
    """What a person may do."""

    SUPERVISOR = "supervisor"
    TECHNICIAN = "technician"
    ADMINISTRATOR = "administrator"
    RESEARCHER = "researcher"
    VIEWER = "viewer"


MAY_SUPERVISE = frozenset({Role.SUPERVISOR})
MAY_ATTEND = frozenset({Role.TECHNICIAN, Role.ADMINISTRATOR})
MAY_STOP = frozenset({Role.SUPERVISOR, Role.TECHNICIAN, Role.ADMINISTRATOR})
"""Technicians too: they stand beside what moves."""


class Person(AbstractUser):
    """Someone who signs in."""

    role = models.CharField(max_length=20, choices=Role.choices, default=Role.VIEWER)

    @property
    def may_supervise(self) -> bool:
        """May hold a supervisor's seat and move robots."""
        return self.is_active and self.role in MAY_SUPERVISE

    @property
    def may_attend(self) -> bool:
        """May put robots right at their side, take them out of the fleet and give them back."""
        return self.is_active and self.role in MAY_ATTEND

    @property
    def may_stop(self) -> bool:
        """May stop a fleet and start it again."""
        return self.is_active and self.role in MAY_STOP


class AppendOnlyError(ServerError):
    """History cannot be changed or removed."""


class AppendOnlyQuerySet(models.QuerySet["AuditLog"]):
    """Rows are added and read, never changed."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Raises AppendOnlyError."""
        raise AppendOnlyError("the audit log cannot be changed; add a new entry instead")

    def delete(self) -> NoReturn:
        """Raises AppendOnlyError."""
        raise AppendOnlyError("the audit log cannot be deleted from; trying again does not help")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises AppendOnlyError."""
        raise AppendOnlyError("the audit log cannot be changed; add a new entry instead")


class AuditLog(models.Model):
    """Who did what, when, from where."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    person = models.ForeignKey(Person, null=True, on_delete=models.DO_NOTHING, db_constraint=False)
    name = models.CharField(max_length=150)
    """As typed at sign-in, or the person's user name; stays when the person is removed."""
    action = models.CharField(max_length=40)
    address = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=("action", "name", "address", "at")),)
        verbose_name_plural = "audit log"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.name} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add a row; raises AppendOnlyError for one that exists already."""
        if self.pk is not None:
            raise AppendOnlyError("the audit log cannot be changed; add a new entry instead")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises AppendOnlyError."""
        raise AppendOnlyError("the audit log cannot be deleted from; trying again does not help")
