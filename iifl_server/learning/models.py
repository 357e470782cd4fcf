"""Checkpoints of policies and the retrainings that made them."""

from django.db import models


class Checkpoint(models.Model):
    """One set of weights on disk."""

    run = models.ForeignKey("fleets.Run", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    version = models.PositiveIntegerField()
    path = models.CharField(max_length=500)
    """Of the file, below the data folder."""
    sha256 = models.CharField(max_length=64)
    threshold = models.FloatField()
    """û that belongs to the run's first weights; fixed during a run."""
    trained_on = models.PositiveIntegerField()
    """Samples in the dataset, initial demonstrations included."""
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL)
    manifest = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (models.UniqueConstraint(fields=("run", "version"), name="one_checkpoint_per_version"),)

    def __str__(self) -> str:
        return f"policy v{self.version} of run {self.run_id}"


class RetrainingStatus(models.TextChoices):
    """Where a retraining stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Retraining(models.Model):
    """One round of learning from what supervisors did."""

    run = models.ForeignKey("fleets.Run", on_delete=models.CASCADE, related_name="+")
    from_step = models.PositiveBigIntegerField()
    """The dataset holds what was executed up to this step."""
    status = models.CharField(
        max_length=10, choices=RetrainingStatus.choices, default=RetrainingStatus.QUEUED
    )
    progress = models.FloatField(default=0.0)
    message = models.CharField(max_length=300, blank=True)
    attempt = models.PositiveIntegerField(default=1)
    """Only the newest attempt may deliver (fencing)."""
    sent_at = models.DateTimeField(auto_now_add=True)
    """When the present attempt was sent to the workers."""
    checkpoint = models.ForeignKey(
        Checkpoint, null=True, blank=True, on_delete=models.SET_NULL, related_name="retraining_set"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-pk",)
        indexes = (models.Index(fields=("run", "status")),)

    def __str__(self) -> str:
        return f"retraining of run {self.run_id} from step {self.from_step}: {self.status}"
