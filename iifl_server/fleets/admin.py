"""Runs and their history in the admin; history is read-only."""

from django.contrib import admin

from iifl_server.accounts.admin import ReadOnlyAdmin
from iifl_server.fleets.models import Assignment, Intervention, Motion, Robot, Run, RunSnapshot, RunStep


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """Runs are begun and ended by commands, not here."""

    list_display = (
        "id",
        "task",
        "robots",
        "supervisors",
        "people",
        "algorithm",
        "status",
        "step",
        "created_at",
    )
    list_filter = ("task", "status", "algorithm")


@admin.register(Robot)
class RobotAdmin(ReadOnlyAdmin):
    """Robots by run."""

    list_display = ("run", "index")
    list_filter = ("run",)


@admin.register(Assignment)
class AssignmentAdmin(ReadOnlyAdmin):
    """Who helped which robot."""

    list_display = ("run", "robot", "seat", "supervisor_name", "kind", "begun_step", "ended_step")
    list_filter = ("kind", "run")
    search_fields = ("supervisor_name",)


@admin.register(Intervention)
class InterventionAdmin(ReadOnlyAdmin):
    """Every command of a supervisor and what became of it."""

    list_display = (
        "command_id",
        "run",
        "robot",
        "supervisor_name",
        "kind",
        "mode",
        "step",
        "status",
        "created_at",
    )
    list_filter = ("kind", "status", "run")
    search_fields = ("supervisor_name", "command_id")
    exclude = ("observation",)


@admin.register(Motion)
class MotionAdmin(ReadOnlyAdmin):
    """Every motion of robots that are no simulation: by whose word, and what became of it."""

    list_display = ("id", "run", "robot", "step", "author", "status", "verdict", "asked_at", "ended_at")
    list_filter = ("status", "run")
    search_fields = ("author", "id")


@admin.register(RunStep)
class RunStepAdmin(ReadOnlyAdmin):
    """Figures by step."""

    list_display = ("run", "step")
    list_filter = ("run",)


@admin.register(RunSnapshot)
class RunSnapshotAdmin(ReadOnlyAdmin):
    """What a runner resumes from."""

    list_display = ("run", "step")
    exclude = ("fleet", "state")
