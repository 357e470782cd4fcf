"""Options and help of every `./iifl` command, without what the commands themselves import.

Knows the standard library alone: the launcher answers --help and refuses bad usage from here, before anything
is installed or loaded. A module per command has HELP and `add(parser)`.
"""

import argparse
from importlib import import_module
from typing import Any

COMMANDS = {
    "demo": "a supervised fleet with its web page: the place to start",
    "test": "all checks: format, lint, types, imports, tests, browser tests",
    "simulate": "one headless run of a task with algorithmic supervisors",
    "benchmark": "a task's comparison of algorithms, over seeds, with tables",
    "bench": "how fast: one claim side by side with the plain method",
    "train-policy": "make the initial weights and uncertainty threshold of a task",
    "train-supervisor": "train the algorithmic supervisor of a task by PPO",
    "doctor": "what is installed, reachable and missing, with the mend",
    "serve": "production: the web process alone",
    "runner": "production: the process that drives fleets",
    "worker": "production: one Celery worker, for the queue inference or training",
}
"""Name → what it is, in the order of the launcher's help."""


def options_of(command: str) -> Any:
    """The module with HELP and `add` of a command."""
    return import_module(f"{__name__}.{command.replace('-', '_')}")


def parser_of(command: str) -> argparse.ArgumentParser:
    """A parser that prints the help of a command and refuses what it does not take, with exit code 2."""
    options = options_of(command)
    parser = argparse.ArgumentParser(
        prog=f"./iifl {command}",
        description=options.HELP,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    options.add(parser)
    return parser
