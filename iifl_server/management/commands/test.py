"""`./iifl test`: every check of the project, in the order in which a failure is cheapest."""

import shutil
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from iifl_server.management.base import IIFLCommand
from iifl_server.processes.chromium import find_chromium


class Command(IIFLCommand):
    help = "Run format, lint, types, import rules and all tests; browser tests where Chromium is present."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fast", action="store_true", help="leave out browser tests and slow tests")
        parser.add_argument(
            "rest",
            nargs="*",
            metavar="PYTEST",
            help="after --: arguments for pytest alone, e.g. -- -k reload",
        )

    def run(self, **options: Any) -> None:
        root = Path(settings.REPOSITORY)
        tools = Path(sys.executable).parent
        pytest = [sys.executable, "-m", "pytest", *options["rest"]]
        if options["fast"]:
            pytest += ["-m", "not browser and not slow"]
        elif find_chromium() is None:
            self._say(
                "No Chromium or Chrome found: browser tests are skipped (Debian: apt-get install chromium)."
            )
        if shutil.which("node") is None:
            self._say("No Node.js found: the JavaScript codec's tests are skipped.")
        checks = [
            ("format", [str(tools / "ruff"), "format", "--check", "."]),
            ("lint", [str(tools / "ruff"), "check", "."]),
            ("imports", [str(tools / "lint-imports")]),
            ("types", [str(tools / "mypy")]),
            ("tests", pytest),
        ]
        failed = []
        for name, command in checks:
            self._say(f"── {name}")
            begun = time.monotonic()
            code = subprocess.call(command, cwd=root)
            self._say(f"── {name}: {'ok' if code == 0 else 'FAILED'} ({time.monotonic() - begun:.0f} s)")
            if code != 0:
                failed.append(name)
        if failed:
            raise CommandError(f"failed: {', '.join(failed)}")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
