"""People in the admin; the audit log is read-only."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import models
from django.http import HttpRequest

from iifl_server.accounts.models import AuditLog, Person

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _UserAdmin = UserAdmin[Person]
else:
    _ModelAdmin, _UserAdmin = admin.ModelAdmin, UserAdmin


class ReadOnlyAdmin(_ModelAdmin):
    """History: looked at, never edited."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody."""
        return False


@admin.register(Person)
class PersonAdmin(_UserAdmin):
    """Accounts and their roles."""

    list_display = ("username", "role", "is_active", "is_staff", "last_login")
    list_filter = ("role", "is_active")
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Role", {"fields": ("role",)}))
    add_fieldsets = (*UserAdmin.add_fieldsets, ("Role", {"fields": ("role",)}))


@admin.register(AuditLog)
class AuditLogAdmin(ReadOnlyAdmin):
    """Who did what."""

    list_display = ("at", "name", "action", "address", "detail")
    list_filter = ("action",)
    search_fields = ("name", "address")
