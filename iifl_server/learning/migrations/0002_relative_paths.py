"""Paths of checkpoints become relative to the data folder, and what an absence had demoted is taken back."""

from pathlib import Path, PurePosixPath

from django.conf import settings
from django.db import migrations

GIVEN_UP = "its checkpoint cannot be used"
"""What earlier versions wrote when a file was missing for a moment."""


def make_relative(apps, schema_editor):
    for row in apps.get_model("learning", "Checkpoint").objects.all():
        path = PurePosixPath(row.path)
        if path.is_absolute() and path.parent.name == "checkpoints":
            row.path = f"checkpoints/{path.name}"
            row.save(update_fields=["path"])


def take_back(apps, schema_editor):
    retrainings = apps.get_model("learning", "Retraining").objects.filter(status="failed", message=GIVEN_UP)
    for row in retrainings.exclude(checkpoint=None).select_related("checkpoint"):
        if (Path(settings.DATA) / row.checkpoint.path).exists():
            row.status, row.message = "done", ""
            row.save(update_fields=["status", "message"])


class Migration(migrations.Migration):
    dependencies = [("learning", "0001_initial")]
    operations = [
        migrations.RunPython(make_relative, migrations.RunPython.noop),
        migrations.RunPython(take_back, migrations.RunPython.noop),
    ]
