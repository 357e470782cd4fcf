"""Trials that machines share: who has which, since when it was last heard of, and what came out."""

from django.db import models


class TrialStatus(models.TextChoices):
    """Where a trial stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class SharedTrial(models.Model):
    """One trial of one experiment, which any worker may claim while nobody else is heard to have it."""

    experiment = models.CharField(max_length=200)
    """Names of the folder that the results go to and of the one above it."""
    name = models.CharField(max_length=200)
    """Unique within the experiment."""
    description = models.JSONField()
    """All that decides its result."""
    follows = models.CharField(max_length=200, blank=True)
    """Name of the trial whose result it needs, or nothing."""
    status = models.CharField(max_length=10, choices=TrialStatus.choices, default=TrialStatus.WAITING)
    owner = models.CharField(max_length=100, blank=True)
    """Of the lease: one worker at one attempt."""
    heard_at = models.DateTimeField(null=True, blank=True)
    """Last heartbeat of the lease."""
    attempts = models.PositiveIntegerField(default=0)
    progress = models.FloatField(default=0.0)
    message = models.CharField(max_length=300, blank=True)
    """What it is at, or why it failed."""
    result = models.JSONField(null=True, blank=True)
    history = models.TextField(blank=True)
    """Its metrics.csv, thinned out: what figures need."""

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("experiment", "name"), name="one_trial_per_name"),)

    def __str__(self) -> str:
        return f"{self.experiment}: {self.name}"
