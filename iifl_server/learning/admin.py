"""Checkpoints and retrainings in the admin, read-only."""

from django.contrib import admin

from iifl_server.accounts.admin import ReadOnlyAdmin
from iifl_server.learning.models import Checkpoint, Retraining


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    """Weights on disk."""

    list_display = ("run", "version", "trained_on", "threshold", "sha256", "created_at")
    list_filter = ("run",)


@admin.register(Retraining)
class RetrainingAdmin(ReadOnlyAdmin):
    """Rounds of learning."""

    list_display = ("run", "from_step", "status", "progress", "attempt", "checkpoint", "message")
    list_filter = ("status", "run")
