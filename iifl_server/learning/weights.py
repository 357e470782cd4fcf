"""Weights that a command needs and that do not ship: made once, visibly, and kept with the data."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from filelock import FileLock, Timeout

from iifl_server.learning.initial import EXPLICIT, made_here, read_shipped, shipped_checkpoint
from iifl_server.learning.making import make_checkpoint
from iifl_server.learning.recipes import CLONING, ENSEMBLE, IMPLICIT
from iifl_server.names import folder_of
from iifl_server.progress import Shown
from policy.errors import CheckpointError

QUICK = {"robots": 10, "steps": 50}
"""Calibration of a first start, so that nobody waits long; ./iifl train-policy takes its time."""
QUICK_ENSEMBLE = {"robots": 20, "steps": 200}
Say = Callable[[str], None]


def ensure_weights(task: str, algorithm: str, say: Say) -> Path:
    """The weights that an algorithm begins with on a task, trained now where there are none yet.

    say: takes a sentence for people. Two processes at once make them once: the second one waits. Raises
    PolicyError where training fails, and where the weights that are there are damaged.
    """
    if algorithm == "ifl":
        path = Path(settings.DATA) / "policies" / f"{folder_of(task)}-ensemble.safetensors"
        if not path.exists():
            _make_once(task, ENSEMBLE, path, QUICK_ENSEMBLE, say)
    else:
        try:
            path = shipped_checkpoint(task, algorithm)
        except CheckpointError:
            kind, name = (CLONING, "cloning") if algorithm in EXPLICIT else (IMPLICIT, "policy")
            path = made_here(task) / f"{name}.safetensors"
            _make_once(task, kind, path, QUICK, say)
    read_shipped(path)
    return path


@contextmanager
def making(task: str, kind: str, path: Path) -> Iterator[Shown]:
    """Its progress is shown, and no other process makes what belongs at this path meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f".{path.stem}.lock"))
    with Shown(f"{task}, {kind} policy") as shown:
        while not lock.is_locked:
            try:
                lock.acquire(timeout=1.0)
            except Timeout:
                shown.update(0.0, "another process is making it, waiting")
        try:
            yield shown
        finally:
            lock.release()


def _make_once(task: str, kind: str, path: Path, calibration: dict[str, int], say: Say) -> None:
    with making(task, kind, path) as shown:
        if path.exists():  # Another process was faster.
            return
        shown.clear()
        say(f"{task} has no {kind} policy yet: training it once; it is kept in {path}.")
        manifest = make_checkpoint(task, kind, 0, path, progress=shown.update, **calibration)
    if kind != CLONING:
        say(told_threshold(manifest))


def told_threshold(manifest: dict[str, object]) -> str:
    """Where a threshold comes from, in a sentence."""
    calibration = manifest["calibration"]
    assert isinstance(calibration, dict)
    return (
        f"Threshold {manifest['uncertainty_threshold']:.3f}: percentile {manifest['threshold_percentile']:g} "
        f"of {calibration['robots']} robots × {calibration['steps']} steps that nobody helped."
    )
