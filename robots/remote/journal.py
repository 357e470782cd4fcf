"""What an agent remembers of motions across its restarts: a line on disk at each begin and each end."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robots.remote.side import SideError

KEPT = 20_000
"""Motions that are remembered; older ones are forgotten at a start. Their sessions ended long before."""


@dataclass(frozen=True)
class Fate:
    """What became of one motion."""

    ended: str
    """`moving`, `done`, `cut`, `refused`, `unknown`; `never` for one that was not heard of."""
    detail: str = ""
    began_at: float | None = None
    """By the agent's clock [s], as is `ended_at`."""
    ended_at: float | None = None

    def told(self) -> dict[str, Any]:
        """As it travels."""
        return {
            "ended": self.ended,
            "detail": self.detail,
            "began_at": self.began_at,
            "ended_at": self.ended_at,
        }


NEVER = Fate("never")


class Journal:
    """Append-only. A line that was cut short by a crash counts as never written."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where the disk does not take it, and SideError for a file that makes no sense."""
        self._path = path
        self._fates = _read(path)
        _rewrite(path, self._fates)
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND)

    def knows(self, motion: str) -> bool:
        """Whether this id was ever begun or refused."""
        return motion in self._fates

    def fate(self, motion: str) -> Fate:
        """What became of it."""
        return self._fates.get(motion, NEVER)

    def open_motions(self) -> list[str]:
        """Those that began and did not end."""
        return [motion for motion, fate in self._fates.items() if fate.ended == "moving"]

    def begin(self, motion: str, at: float) -> None:
        """On disk before it returns, so that no motion is ever begun twice; raises OSError."""
        fate = Fate("moving", began_at=at)
        self._write(motion, fate)
        self._fates[motion] = fate

    def end(self, motion: str, fate: Fate) -> None:
        """The motion's end; raises OSError where it cannot be kept."""
        self._fates[motion] = fate
        self._write(motion, fate)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)

    def _write(self, motion: str, fate: Fate) -> None:
        line, size = _line(motion, fate), os.fstat(self._fd).st_size
        if os.write(self._fd, line) != len(line):
            os.ftruncate(self._fd, size)
            raise OSError(f"the disk is full: {self._path} takes no more")
        os.fsync(self._fd)


def _line(motion: str, fate: Fate) -> bytes:
    return json.dumps({"motion": motion, **fate.told()}).encode() + b"\n"


def _read(path: Path) -> dict[str, Fate]:
    if not path.exists():
        return {}
    fates = {}
    for line in path.read_bytes().split(b"\n")[:-1]:  # What has no end of line had not begun.
        try:
            fields = json.loads(line)
            motion = str(fields.pop("motion"))
            fates[motion] = Fate(**fields)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise SideError(
                f"{path} holds {line[:60]!r}, which tells of no motion: the disk or somebody damaged it. See "
                "that the arm stands and move the file away; orders of before are not carried out again."
            ) from error
    return dict(list(fates.items())[-KEPT:])


def _rewrite(path: Path, fates: dict[str, Fate]) -> None:
    """Keeps the file small, and whole: the old one stays until the new one is on disk."""
    new = path.with_suffix(".new")
    with open(new, "wb") as file:
        file.writelines(_lines(fates.items()))
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)


def _lines(fates: Iterable[tuple[str, Fate]]) -> Iterable[bytes]:
    return (_line(motion, fate) for motion, fate in fates)
