"""The weights that runs begin from: where they are, and what they say of themselves.

Those of the pushing tasks ship with the project. Others are made at the first start and kept with the data.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
from django.conf import settings

from iifl_server.management.arguments import CALLED
from iifl_server.names import folder_of
from policy.errors import CheckpointError

EXPLICIT = ("bc", "ifl")
REMEDY = f"make it with {CALLED} train-policy"


@dataclass(frozen=True)
class Shipped:
    """What a run needs to know of a checkpoint before any worker has loaded it."""

    threshold: float
    """û [nats]."""
    trained_on: int
    """Samples in the dataset."""
    manifest: dict[str, Any]


def shipped_checkpoint(task: str, algorithm: str = "iifl") -> Path:
    """The initial weights of a task: those that were made here, else those that ship.

    Raises CheckpointError naming what is missing.
    """
    name = "cloning.safetensors" if algorithm in EXPLICIT else "policy.safetensors"
    shipped = Path(settings.SHIPPED) / folder_of(task) / name
    found = next((path for path in (made_here(task) / name, shipped) if path.exists()), None)
    if found is None:
        raise CheckpointError(f"{algorithm} on {task} has no weights: {shipped} is missing; {REMEDY} {task}")
    return found


def made_here(task: str) -> Path:
    """The folder of a task's weights that were made on this machine."""
    return Path(settings.DATA) / "weights" / folder_of(task)


def read_shipped(path: Path) -> Shipped:
    """The manifest inside a checkpoint, without torch; raises CheckpointError where it cannot be used."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            manifest = json.loads(file.metadata()["manifest"])
        return Shipped(float(manifest["uncertainty_threshold"]), int(manifest["trained_on"]), manifest)
    except Exception as error:  # safetensors has an error of its own that derives from Exception alone
        here = path.is_relative_to(settings.DATA)
        mend = "remove it, and what is missing then is made anew" if here else REMEDY
        raise CheckpointError(f"{path} is no checkpoint that can be used ({error}); {mend}") from error
