"""Weights that a command needs and that do not ship: made once, visibly, and kept with the data."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from filelock import FileLock, Timeout

from iifl_server.learning.initial import EXPLICIT, made_here, shipped_checkpoint
from iifl_server.learning.making import make_checkpoint
from iifl_server.learning.recipes import CLONING, ENSEMBLE, IMPLICIT
from iifl_server.progress import Shown
from policy.errors import CheckpointError

QUICK = {"robots": 10, "steps": 50}
"""Calibration of a first start, so that nobody waits long; ./iifl train-policy takes its time."""
QUICK_ENSEMBLE = {"robots": 20, "steps": 200}
Say = Callable[[str], None]


def ensure_weights(task: str, algorithm: str, say: Say) -> Path:
    """The weights that an algorithm begins with on a task, trained now where there are none yet.

    say: takes a sentence for people. Two processes at once make them once: the second one waits. Raises
    PolicyError where training fails.
    """
    if algorithm == "ifl":
        path = Path(settings.DATA) / "policies" / f"{task}-ensemble.safetensors"
        return path if path.exists() else _made(task, ENSEMBLE, path, QUICK_ENSEMBLE, say)
    try:
        return shipped_checkpoint(task, algorithm)
    except CheckpointError:
        kind, name = (CLONING, "cloning") if algorithm in EXPLICIT else (IMPLICIT, "policy")
        return _made(task, kind, made_here(task) / f"{name}.safetensors", QUICK, say)


def _made(task: str, kind: str, path: Path, calibration: dict[str, int], say: Say) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_suffix(".lock"))
    with Shown(f"{task}, {kind} policy") as shown, _alone(lock, shown):
        if path.exists():  # Another process was faster.
            return path
        say(f"{task} has no {kind} policy yet: training it once; it is kept in {path}.")
        manifest = make_checkpoint(task, kind, 0, path, progress=shown.update, **calibration)
    if kind != CLONING:
        say(told_threshold(manifest))
    return path


@contextmanager
def _alone(lock: FileLock, shown: Shown) -> Iterator[None]:
    while not lock.is_locked:
        try:
            lock.acquire(timeout=1.0)
        except Timeout:
            shown.update(0.0, "another process is making it, waiting")
    try:
        yield
    finally:
        lock.release()


def told_threshold(manifest: dict[str, object]) -> str:
    """Where a threshold comes from, in a sentence."""
    calibration = manifest["calibration"]
    assert isinstance(calibration, dict)
    return (
        f"Threshold {manifest['uncertainty_threshold']:.3f}: percentile {manifest['threshold_percentile']:g} "
        f"of {calibration['robots']} robots × {calibration['steps']} steps that nobody helped."
    )
