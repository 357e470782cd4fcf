"""One installation per data directory: a second one is refused, also after a crash of the first."""

import os
from pathlib import Path

from filelock import FileLock, Timeout


class DataInUse(Exception):
    """Another instance works on the same data directory."""


def claim_data(directory: Path) -> FileLock:
    """Hold the directory for this process until it ends, however it ends.

    Raises DataInUse, naming the other process, where another instance holds it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    owner = directory / "instance.pid"
    lock = FileLock(directory / "instance.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        other = owner.read_text().strip() if owner.exists() else "unknown"
        raise DataInUse(
            f"another IIFL (process {other}) is running on the data in {directory}. Stop it first, or give "
            "this one its own data: IIFL_DATA=/another/folder."
        ) from None
    owner.write_text(str(os.getpid()))
    return lock
