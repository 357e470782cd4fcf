"""Who the agent is to the controller: from a file or the environment, never from a command line."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from robots.remote.side import SideError

USER, PASSWORD, FILE = "IIFL_YUMI_USER", "IIFL_YUMI_PASSWORD", "IIFL_YUMI_CREDENTIALS"
"""Environment variables."""


@dataclass(frozen=True)
class Credentials:
    """User name and password of the controller's user authorisation system."""

    user: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.user or ":" in self.user:
            raise SideError(
                f"The controller's user name is {self.user!r}, but must be some text without a colon."
            )


def find_credentials(path: Path | None, environment: Mapping[str, str] = os.environ) -> Credentials:
    """From a file of two lines (user, password), or the environment.

    Raises SideError where there are none, or where others may read the file.
    """
    named = path or (Path(environment[FILE]) if environment.get(FILE) else None)
    if named is not None:
        return _read(named)
    if environment.get(USER) and PASSWORD in environment:
        return Credentials(environment[USER], environment[PASSWORD])
    raise SideError(
        f"There are no credentials for the controller. Write its user name and password into a file of two "
        f"lines and name it with --credentials or {FILE}, or set {USER} and {PASSWORD}."
    )


def _read(path: Path) -> Credentials:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SideError(f"Others may read the credentials file {path}. Run: chmod 600 {path}")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SideError(f"The credentials file {path} cannot be read: {error}") from error
    if len(lines) != 2:
        raise SideError(
            f"The credentials file {path} has {len(lines)} lines, but must have two: user name and password."
        )
    return Credentials(lines[0], lines[1])
