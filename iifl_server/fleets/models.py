"""What is kept of a fleet: runs, robots, assignments, interventions, steps, snapshots."""

import uuid

from django.conf import settings
from django.db import models


class RunStatus(models.TextChoices):
    """What a run is doing; `held` is the runner's own, passing state and is never stored."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPED = "stopped"
    ENDED = "ended"


class Run(models.Model):
    """One supervised fleet from its first step to its last."""

    task = models.CharField(max_length=200)
    """A name, or package.module:name of a task from outside."""
    robots = models.PositiveIntegerField()
    supervisors = models.PositiveIntegerField()
    people = models.PositiveIntegerField(default=1)
    """Seats, of `supervisors`, that signed-in people may take; algorithms take the others."""
    pace = models.FloatField(default=1.0)
    """Seconds per step."""
    algorithm = models.CharField(max_length=20, default="iifl")
    seed = models.BigIntegerField(default=0)
    config = models.JSONField(default=dict)
    """`supervision`: SupervisionConfig; `retraining`: updates per retraining."""
    status = models.CharField(max_length=10, choices=RunStatus.choices, default=RunStatus.STARTING)
    status_reason = models.CharField(max_length=300, blank=True)
    step = models.PositiveBigIntegerField(default=0)
    checkpoint = models.ForeignKey(
        "learning.Checkpoint", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    runner_owner = models.CharField(max_length=120, blank=True)
    runner_epoch = models.PositiveBigIntegerField(default=0)
    """Rises with every claim; a runner whose epoch is not the newest may not act (fencing)."""
    runner_heartbeat_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.task} run {self.pk}"

    @property
    def by_hand(self) -> bool:
        """Hard resets are done, and confirmed, by somebody at the robot's side."""
        return bool(self.config.get("by_hand", False))

    @property
    def fleet_file(self) -> str:
        """Of arms that are there: the file that says where, from the data folder; else empty."""
        return str(self.config.get("fleet_file", ""))

    @property
    def real(self) -> bool:
        """Its robots are no simulation: a stop is ended by an administrator alone."""
        return bool(self.config.get("real", False))


class Robot(models.Model):
    """One robot of a run."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="robot_set")
    index = models.PositiveIntegerField()

    class Meta:
        ordering = ("run", "index")
        constraints = (models.UniqueConstraint(fields=("run", "index"), name="one_robot_per_index"),)

    def __str__(self) -> str:
        return f"robot {self.index} of run {self.run_id}"


class HelpKind(models.TextChoices):
    """What a supervisor does with a robot."""

    TELEOPERATION = "teleoperation"
    HARD_RESET = "hard_reset"
    HAND_BACK = "hand_back"
    VERDICT = "verdict"
    """A person says what a motion came to, where the camera is not sure."""
    PUT_RIGHT = "put_right"
    """A technician has put a robot right after a violation."""
    SET_ASIDE = "set_aside"
    """A technician takes a robot out of the fleet, or gives it back."""


class Assignment(models.Model):
    """A supervisor's time with one robot."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE)
    robot = models.PositiveIntegerField()
    seat = models.PositiveIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    supervisor_name = models.CharField(max_length=150)
    kind = models.CharField(max_length=15, choices=HelpKind.choices)
    begun_step = models.PositiveBigIntegerField()
    ended_step = models.PositiveBigIntegerField(null=True, blank=True)
    lease_hash = models.CharField(max_length=64, blank=True)
    """SHA-256 of the lease token; empty for algorithms."""

    class Meta:
        ordering = ("-pk",)
        indexes = (models.Index(fields=("run", "ended_step")),)

    def __str__(self) -> str:
        return f"{self.supervisor_name} with robot {self.robot} from step {self.begun_step}"


class InterventionStatus(models.TextChoices):
    """What became of a supervisor's command."""

    PENDING = "pending"
    EXECUTED = "executed"
    REFUSED = "refused"
    LATE = "late"
    UNKNOWN = "unknown"


class Intervention(models.Model):
    """One command of a supervisor, committed before it is acknowledged."""

    command_id = models.UUIDField(unique=True, default=uuid.uuid4)
    run = models.ForeignKey(Run, on_delete=models.CASCADE)
    robot = models.PositiveIntegerField()
    seat = models.PositiveIntegerField(null=True, blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    """Empty for an algorithmic supervisor."""
    supervisor_name = models.CharField(max_length=150)
    kind = models.CharField(max_length=15, choices=HelpKind.choices)
    step = models.PositiveBigIntegerField(null=True, blank=True)
    frame = models.PositiveBigIntegerField(null=True, blank=True)
    point = models.JSONField(null=True, blank=True)
    """Where the person clicked, [x, y] as fractions of the frame."""
    mode = models.CharField(max_length=60, blank=True)
    """Of a person's teleoperation by a supervisor's way: which one was chosen; empty for a push. Of a
    verdict: what was said. Of a robot that was set aside: aside or back."""
    action = models.JSONField(null=True, blank=True)
    """As executed, in [-1, 1]."""
    clipped = models.BooleanField(default=False)
    observation = models.BinaryField(null=True, blank=True)
    """What the policy saw, lossless: PNG for images, npy for states."""
    in_dataset = models.BooleanField(default=False)
    status = models.CharField(
        max_length=10, choices=InterventionStatus.choices, default=InterventionStatus.PENDING
    )
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("run", "status", "kind")),
            models.Index(fields=("run", "in_dataset")),
        )

    def __str__(self) -> str:
        return f"{self.kind} on robot {self.robot} by {self.supervisor_name}: {self.status}"


class MotionStatus(models.TextChoices):
    """What became of a motion; `begun` is written before anything moves."""

    BEGUN = "begun"
    DONE = "done"
    REFUSED = "refused"
    CUT = "cut"
    UNKNOWN = "unknown"


class Motion(models.Model):
    """One motion of a robot that is no simulation: by whose word, and what became of it."""

    id = models.UUIDField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE)
    robot = models.PositiveIntegerField()
    step = models.PositiveBigIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    author = models.CharField(max_length=200)
    """The person's name, the algorithmic supervisor's, or the policy with its version."""
    intervention = models.ForeignKey(Intervention, null=True, blank=True, on_delete=models.SET_NULL)
    action = models.JSONField()
    """As ordered, in [-1, 1]."""
    executed = models.JSONField(null=True, blank=True)
    """As carried out, where that is known to differ."""
    status = models.CharField(max_length=10, choices=MotionStatus.choices, default=MotionStatus.BEGUN)
    detail = models.CharField(max_length=300, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    verdict = models.CharField(max_length=20, blank=True)
    """What a person said that it came to, where the camera was not sure."""
    asked_at = models.DateTimeField(auto_now_add=True)
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    """Capture time of the picture that the outcome was read from."""

    class Meta:
        ordering = ("asked_at",)
        indexes = (models.Index(fields=("run", "status")),)

    def __str__(self) -> str:
        return f"motion of robot {self.robot} by {self.author}: {self.status}"


class RunStep(models.Model):
    """The figures after one step."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE)
    step = models.PositiveBigIntegerField()
    metrics = models.JSONField()

    class Meta:
        ordering = ("run", "step")
        constraints = (models.UniqueConstraint(fields=("run", "step"), name="one_row_per_step"),)

    def __str__(self) -> str:
        return f"step {self.step} of run {self.run_id}"


class RunSnapshot(models.Model):
    """Everything that a runner needs to go on after this step."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE)
    step = models.PositiveBigIntegerField()
    state = models.JSONField()
    """Supervision state, seats and counters."""
    fleet = models.BinaryField()
    """npz of the fleet's and the algorithmic supervisors' snapshots, without pickle."""

    class Meta:
        ordering = ("run", "step")
        constraints = (models.UniqueConstraint(fields=("run", "step"), name="one_snapshot_per_step"),)

    def __str__(self) -> str:
        return f"snapshot of run {self.run_id} at step {self.step}"
