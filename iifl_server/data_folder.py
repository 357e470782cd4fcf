"""The data folder: made where it may be, private where it must be, and a sentence where it cannot be used."""

import fcntl
import os
import secrets
import tempfile
from pathlib import Path

from iifl_server.environment import SHORTEST_KEY

INSIDE = ("checkpoints", "demonstrations", "logs", "policies", "supervisors", "valkey", "weights")
"""Folders that commands make inside."""
FILES = ("iifl.sqlite3", "secret_key", "demo_accounts", "instance.lock")
MEND = "set IIFL_DATA to a folder of your own"


def prepare(data: Path, *, must_exist: bool) -> str:
    """Make the folder unless it must exist; returns what is wrong with it, with the mend, or ""."""
    if must_exist and not data.is_dir():
        return f"the data folder {data} is away; put it back, or mount it. It is waited for, not made anew."
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        if os.path.islink(data) and not os.path.exists(data):
            return f"IIFL_DATA is {str(data)!r}, a link to {os.readlink(data)!r}, which is not there; {MEND}."
        if isinstance(error, FileExistsError | NotADirectoryError):
            return f"IIFL_DATA is {str(data)!r}, which is a file where a folder belongs; {MEND}."
        return f"IIFL_DATA is {str(data)!r}, which cannot be made ({error.strerror}); {MEND}."
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        return f"IIFL_DATA is {str(data)!r}, which cannot be written; give yourself the right, or {MEND}."
    return _wrong_inside(data)


def _wrong_inside(data: Path) -> str:
    for name in INSIDE:
        path = data / name
        if os.path.lexists(path) and not path.is_dir():
            return f"{path} is a file where a folder belongs; move it away."
        if path.is_dir() and not os.access(path, os.W_OK | os.X_OK):
            return f"{path} cannot be written; give yourself the right, or {MEND}."
    for name in FILES:
        path = data / name
        if path.is_dir():
            return f"{path} is a folder where a file belongs; move it away."
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            return f"{path} cannot be read and written; give yourself the right, or {MEND}."
    return ""


def private_folder(path: Path) -> Path:
    """A folder inside the data folder that its owner alone looks into, made if need be."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_private(path)
    return path


def make_private(path: Path) -> None:
    """Take away what others may do with a file or folder of ours."""
    found = path.stat()
    if found.st_uid == os.getuid() and found.st_mode & 0o077:
        path.chmod(found.st_mode & 0o700)


def secret_key(data: Path) -> str:
    """The key kept in the folder, readable by its owner alone; made once, and anew where it was cut off.

    Raises OSError.
    """
    path = data / "secret_key"
    if (known := _whole_key(path)) is not None:
        return known
    with (data / "secret_key.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (known := _whole_key(path)) is not None:  # Another process was faster.
            return known
        descriptor, draft = tempfile.mkstemp(dir=data, prefix=".secret_key.")
        with os.fdopen(descriptor, "w") as file:
            file.write(key := secrets.token_urlsafe(50))
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    return key


def _whole_key(path: Path) -> str | None:
    try:
        key = path.read_text().strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    if len(key) < SHORTEST_KEY:
        return None
    make_private(path)
    return key
