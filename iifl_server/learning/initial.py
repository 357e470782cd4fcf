"""The weights that ship with the project: where they are and what they say of themselves."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
from django.conf import settings

from policy.errors import CheckpointError

EXPLICIT = ("bc", "ifl")
REMEDY = "make it with ./iifl train-policy"


@dataclass(frozen=True)
class Shipped:
    """What a run needs to know of a checkpoint before any worker has loaded it."""

    threshold: float
    """û [nats]."""
    trained_on: int
    """Samples in the dataset."""
    manifest: dict[str, Any]


def shipped_checkpoint(task: str, algorithm: str = "iifl") -> Path:
    """The initial weights of a task; raises CheckpointError naming what is missing."""
    folder = Path(settings.SHIPPED) / task
    path = folder / ("cloning.safetensors" if algorithm in EXPLICIT else "policy.safetensors")
    if not path.exists():
        raise CheckpointError(f"{algorithm} on {task} has no shipped weights: {path} is missing; {REMEDY}")
    return path


def read_shipped(path: Path) -> Shipped:
    """The manifest inside a checkpoint, without torch; raises CheckpointError where it cannot be used."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            manifest = json.loads(file.metadata()["manifest"])
        return Shipped(float(manifest["uncertainty_threshold"]), int(manifest["trained_on"]), manifest)
    except Exception as error:  # safetensors has an error of its own that derives from Exception alone
        raise CheckpointError(f"{path} is no checkpoint that can be used ({error!r}); {REMEDY}") from error
