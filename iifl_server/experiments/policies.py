"""The policies that experiments begin with: shipped where there is one, else trained once and kept."""

from pathlib import Path

from django.conf import settings
from tqdm import tqdm

from iifl_server.learning.initial import shipped_checkpoint
from iifl_server.learning.making import initial_dataset, make_checkpoint
from iifl_server.learning.recipes import CLONING, ENSEMBLE, IMPLICIT
from policy.learning.checkpoint import load_checkpoint
from policy.learning.dataset import Dataset
from policy.learning.trainer import Policy

KIND_OF = {"bc": CLONING, "ibc": IMPLICIT, "ifl": ENSEMBLE, "iifl": IMPLICIT, "iifl-random": IMPLICIT}
ENSEMBLE_CALIBRATION = {"robots": 20, "steps": 200}


def initial_policy(task: str, algorithm: str) -> tuple[Policy, float, Dataset]:
    """Policy, uncertainty threshold and dataset that a run of an algorithm begins with."""
    kind = KIND_OF[algorithm]
    path = _trained_ensemble(task) if kind == ENSEMBLE else shipped_checkpoint(task, algorithm)
    policy, manifest = load_checkpoint(path)
    return policy, float(manifest["uncertainty_threshold"]), initial_dataset(task)


def _trained_ensemble(task: str) -> Path:
    path = Path(settings.DATA) / "policies" / f"{task}-ensemble.safetensors"
    if not path.exists():
        with tqdm(total=100, desc="training the ensemble (once)", unit="%", disable=None) as bar:

            def show(done: float, _text: str) -> None:
                bar.update(int(100 * done) - bar.n)

            make_checkpoint(task, ENSEMBLE, 0, path, progress=show, **ENSEMBLE_CALIBRATION)
    return path
