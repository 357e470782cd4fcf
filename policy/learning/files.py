"""Files that appear whole or not at all."""

import io
import os
import secrets
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PRIVATE, SHARED = 0o600, 0o666
"""Modes of files that their owner alone reads, and of results that are for others too."""


def write_whole(target: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """A neighbour is written and flushed to disk, then takes the name; behind a link, that of its file.

    mode: who may read it, unless the umask takes that away. A device or a pipe is written to as it is. Raises
    OSError.
    """
    if target.exists() and not target.is_file():
        target.write_bytes(data)
        return
    target = target.resolve()
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def write_arrays(target: Path, arrays: Mapping[str, NDArray[Any]], *, compressed: bool = False) -> None:
    """An npz file, whole or not at all. Raises OSError."""
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, allow_pickle=False, **arrays)
    write_whole(target, buffer.getvalue())


def read_arrays(path: Path) -> dict[str, NDArray[Any]] | None:
    """What `write_arrays` wrote; None where there is no file, or one that was cut off or damaged."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except (FileNotFoundError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error):
        return None


def _sync_folder(folder: Path) -> None:
    """So that the name, too, survives a power cut, where the file system can say so."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
