"""One retraining: the aggregated dataset in, a checkpoint out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from django.db.models import Max

from iifl_server.environment import value
from iifl_server.learning.datasets import demonstrations, executed_pushes
from iifl_server.learning.models import Checkpoint, Retraining
from iifl_server.learning.recipes import recipe
from iifl_server.learning.services import newest_sound_checkpoint
from iifl_server.learning.stored import sound_file
from policy.learning.checkpoint import load_checkpoint, save_checkpoint
from policy.learning.config import TrainingConfig
from policy.learning.dataset import Dataset
from policy.learning.trainer import train


@dataclass(frozen=True)
class Plan:
    """What one retraining works on."""

    run: int
    task: str
    version: int
    """Of the checkpoint that comes out."""
    source: Checkpoint
    """Weights that training goes on from."""
    dataset: Dataset
    config: TrainingConfig
    from_step: int
    seed: int

    @property
    def trained_on(self) -> int:
        """Samples in the dataset."""
        return len(self.dataset)


def plan(retraining_id: int) -> Plan:
    """Gather the committed data of a run up to the step of its retraining."""
    retraining = Retraining.objects.select_related("run").get(pk=retraining_id)
    run = retraining.run
    first = Checkpoint.objects.filter(run=run).order_by("version").first()
    data_seed = int(first.manifest.get("data_seed", 0)) if first else 0
    observations, actions = demonstrations(run.task, data_seed)
    dataset = Dataset(observations, actions, np.array("demonstration"))
    seen, done, names = executed_pushes(run.pk, retraining.from_step)
    if len(done):
        dataset = dataset.append(seen, done, names)
    usual = recipe(run.task).retraining
    updates = run.config.get("retraining", {}).get("updates")
    newest = Checkpoint.objects.filter(run=run).aggregate(Max("version"))["version__max"]
    return Plan(
        run=run.pk,
        task=run.task,
        version=newest + 1,
        source=newest_sound_checkpoint(run.pk),
        dataset=dataset,
        config=replace(usual, updates=updates) if updates else usual,
        from_step=retraining.from_step,
        seed=run.seed + retraining.from_step,
    )


def train_plan(work: Plan, path: Path, report: Callable[[float, str], None]) -> dict[str, Any]:
    """Train from the current weights and write the checkpoint; returns its manifest.

    Raises AwayError for weights that are not there now, CheckpointError for others that cannot be loaded,
    PolicyError where training diverges.
    """
    torch.set_num_threads(int(value("IIFL_TRAINING_THREADS", "1")))
    policy: Any  # Implicit or explicit: `train` gives back the kind that it was given.
    policy, before = load_checkpoint(sound_file(work.source.path, work.source.sha256))
    made = train(
        policy,
        work.dataset,
        work.config,
        seed=work.seed,
        progress=lambda done, figures: report(
            done, f"update {int(figures['update'])} of {work.config.updates}"
        ),
    )
    kept = {name: before[name] for name in ("uncertainty_threshold", "data_seed") if name in before}
    return save_checkpoint(
        path,
        made.policy,
        **kept,
        task=work.task,
        trained_on=work.trained_on,
        data_hash=made.data_hash,
        seed=made.seed,
        updates=made.updates,
        from_step=work.from_step,
        losses=list(made.losses),
        seconds=made.seconds,
    )
