"""`./iifl test`: every check of the project, in the order in which a failure is cheapest."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from iifl_server.management.arguments import test as options
from iifl_server.management.base import IIFLCommand
from iifl_server.processes.chromium import find_chromium

LINT_IMPORTS = "import importlinter.cli as cli; cli.lint_imports_command()"
"""Not its script: those break where the project lies in a folder with an odd name."""
MOST_WORKERS = 8
"""Processes that test side by side, a gigabyte each."""


class Command(IIFLCommand):
    options = options

    def run(self, **options: Any) -> None:
        root = Path(settings.REPOSITORY)
        if not (root / "tests").is_dir():
            raise CommandError("tests are part of a checkout, not of the package; clone the project")
        python = [sys.executable, "-m"]
        if not options["fast"] and find_chromium() is None:
            self._say(
                "No Chromium or Chrome found: browser tests are skipped (Debian: apt-get install chromium)."
            )
        if shutil.which("node") is None:
            self._say("No Node.js found: the JavaScript codec's tests are skipped.")
        checks = [
            ("format", [*python, "ruff", "format", "--check", "."]),
            ("lint", [*python, "ruff", "check", "."]),
            ("imports", [sys.executable, "-c", LINT_IMPORTS]),
            ("types", [*python, "mypy"]),
            *_tests(options["fast"], options["rest"]),
        ]
        failed = []
        for name, command in checks:
            self._say(f"── {name}")
            begun = time.monotonic()
            code = subprocess.call(command, cwd=root, env={"OMP_NUM_THREADS": "1", **os.environ})
            self._say(f"── {name}: {'ok' if code == 0 else 'FAILED'} ({time.monotonic() - begun:.0f} s)")
            if code != 0:
                failed.append(name)
        if failed:
            raise CommandError(f"failed: {', '.join(failed)}")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _tests(fast: bool, rest: list[str]) -> list[tuple[str, list[str]]]:
    """Name and command line of each run of pytest; what somebody chose runs as they wrote it."""
    pytest = [sys.executable, "-m", "pytest"]
    if rest:
        return [("tests", [*pytest, *rest, *(["-m", "not browser and not slow"] if fast else [])])]
    # Side by side, file by file: modules share what they have trained. OMP_NUM_THREADS is 1 for this.
    cores = min(os.cpu_count() or 1, MOST_WORKERS)
    side_by_side = [*pytest, "--numprocesses", str(cores), "--dist", "loadfile"]
    if fast:
        return [("tests", [*side_by_side, "-m", "not browser and not slow"])]
    return [
        ("tests", [*side_by_side, "-m", "not browser"]),
        ("tests of pages", [*side_by_side, "-m", "browser", "tests/frontend"]),
        ("browser tests", [*pytest, "-m", "browser", "tests/browser"]),  # Whole demos: one at a time.
    ]
