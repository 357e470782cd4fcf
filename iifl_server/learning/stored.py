"""Files of checkpoints: found below the data folder wherever it lies now.

A file that is away may come back, so its weights are waited for; a file that is not the one that was entered
is passed over while it is so. Neither is ever a reason to forget what was learned.
"""

import hashlib
from pathlib import Path

from django.conf import settings

from iifl_server.errors import ServerError
from policy.errors import CheckpointError

FOLDER = "checkpoints"


class AwayError(ServerError):
    """A file that should be there cannot be read now; it may be back later."""


def checkpoint_file(path: str) -> Path:
    """Where a checkpoint of this path, as kept in the database, lies now."""
    return Path(settings.DATA) / path


def file_digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sound_file(path: str, sha256: str) -> Path:
    """The file of a checkpoint, its contents checked.

    Raises AwayError where it cannot be read now, CheckpointError where it is not the one that was entered.
    """
    file = checkpoint_file(path)
    try:
        found = file_digest(file)
    except OSError as error:
        reason = error.strerror or str(error)
        raise AwayError(
            f"The weights {path} cannot be read in {settings.DATA} ({reason}). Put them back; the fleet goes "
            "on by itself."
        ) from None
    if found != sha256:
        raise CheckpointError(
            f"checkpoint {file} has SHA-256 {found[:12]}…, expected {sha256[:12]}…; copy it again"
        )
    return file


def is_sound(path: str, sha256: str) -> bool:
    """Whether the file is there and is the one that was entered."""
    try:
        sound_file(path, sha256)
    except (AwayError, CheckpointError):
        return False
    return True
