"""What an agent keeps in its folder besides the journal: that the arm is its own, and that it is stopped."""

import fcntl
import json
import os
from pathlib import Path

from robots.remote.side import SideError


class Hold:
    """One agent for one arm: a lock that the kernel lets go of when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        """Raises SideError where another agent has the arm."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / "driver.lock"
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            by = os.read(self._fd, 200).decode(errors="replace").strip() or "somebody"
            os.close(self._fd)
            raise SideError(
                f"this arm is driven by {by} already, and an arm has one driver; end that one first. "
                "If its link was just cut, this one is let in within seconds."
            ) from error

    def sign(self, driver: str) -> None:
        """Who drives, for the sentence that a second one reads."""
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, driver.encode()[:200], 0)

    def close(self) -> None:
        """Let the next one in."""
        os.close(self._fd)


class Latch:
    """A stop that outlives the agent. Anything in its file, even nonsense, means stopped."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "stopped.json"
        self.reason = self._read()

    def set(self, reason: str) -> None:
        """In memory at once, then on disk; raises OSError where only the first was possible."""
        self.reason = reason
        with open(self._path, "w", encoding="utf-8") as file:
            json.dump({"reason": reason}, file)
            file.flush()
            os.fsync(file.fileno())

    def clear(self) -> None:
        """Raises OSError, and stays stopped, where the file cannot go."""
        self._path.unlink(missing_ok=True)
        self.reason = ""

    def _read(self) -> str:
        if not self._path.exists():
            return ""
        try:
            return str(json.loads(self._path.read_text(encoding="utf-8"))["reason"]) or "stopped"
        except (ValueError, KeyError, TypeError):
            return "stopped before the agent started; the reason was not kept"
