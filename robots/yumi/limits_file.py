"""An arm's limits as a file that people write: TOML, in metres and metres per second."""

import tomllib
from pathlib import Path

from robots.remote.limits import LimitError, Limits
from robots.remote.limits_table import limits_of


def read_limits(path: Path) -> Limits:
    """Limits with the keys of robots.remote.limits.Limits; raises LimitError, with the file's name."""
    try:
        return limits_of(tomllib.loads(path.read_text(encoding="utf-8")))
    except LimitError as error:
        raise LimitError(f"{path}: {error}") from error
    except (OSError, ValueError) as error:
        raise LimitError(f"The limits file {path} cannot be read: {error}") from error
