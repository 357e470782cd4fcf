"""Options and help of every `./iifl` command, without what the commands themselves import.

Knows the standard library alone: the launcher answers --help and refuses bad usage from here, before anything
is installed or loaded. A module per command has HELP and `add(parser)`.
"""

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[3]
"""Where this package lies: the project, or the folder of an installation's packages."""
CALLED = "./iifl" if (CHECKOUT / "iifl").is_file() else "iifl"
"""How people start this program."""

COMMANDS = {
    "demo": "a supervised fleet with its web page: the place to start",
    "test": "all checks: format, lint, types, imports, tests, browser tests",
    "simulate": "one headless run of a task with algorithmic supervisors",
    "benchmark": "a task's comparison of algorithms, over seeds, with tables",
    "bench": "how fast: one claim side by side with the plain method",
    "train-policy": "make the initial weights and uncertainty threshold of a task",
    "train-supervisor": "train the algorithmic supervisor of a task by PPO",
    "calibrate": "where an overhead camera's pixels lie on its table, in millimetres",
    "record": "recorded sessions of arms: list them, or read one again",
    "doctor": "what is installed, reachable and missing, with the mend",
    "serve": "production: the web process alone",
    "runner": "production: the process that drives fleets",
    "worker": "production: one Celery worker, for the queue inference or training",
}
"""Name → what it is, in the order of the launcher's help."""


def usage() -> str:
    """What the launcher alone prints."""
    rows = [*COMMANDS.items(), ("manage", "Django's own management commands")]
    kept = (
        "Data lives in var/ (or $IIFL_DATA),\nthe environment in .venv/; removing both leaves nothing behind."
        if CALLED == "./iifl"
        else "Data lives in $IIFL_DATA, or in\n~/.local/share/iifl where it is not set."
    )
    return "\n".join(
        [
            f"usage: {CALLED} COMMAND [options]",
            "",
            "Supervised robot fleets that ask for help and learn from it.",
            "",
            *(f"  {name:<17} {text}" for name, text in rows),
            "",
            f"{CALLED} COMMAND --help tells each command's options. {kept}",
        ]
    )


def options_of(command: str) -> Any:
    """The module with HELP and `add` of a command."""
    return import_module(f"{__name__}.{command.replace('-', '_')}")


def parser_of(command: str) -> argparse.ArgumentParser:
    """A parser that prints the help of a command and refuses what it does not take, with exit code 2."""
    options = options_of(command)
    parser = argparse.ArgumentParser(
        prog=f"{CALLED} {command}",
        description=options.HELP,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    options.add(parser)
    return parser
