"""Options of `./iifl benchmark`."""

import os
from argparse import ArgumentParser

from iifl_server.management.arguments.numbers import whole
from iifl_server.management.arguments.paths import output_file, writable_folder
from iifl_server.names import SCALES

HELP = (
    "Compare algorithms on a task over seeds and write results.json, results.md and figures. Called "
    "again on the same folder, it runs only what is missing."
)


def add(parser: ArgumentParser) -> None:
    """Add them to a parser."""
    parser.add_argument("task", choices=["block_push"], help="what to compare on")
    seeds = ", ".join(str(seeds) for seeds in SCALES.values())
    parser.add_argument("--scale", choices=list(SCALES), default="smoke", help=f"{seeds} seeds")
    parser.add_argument("--out", type=writable_folder, default="out/benchmark", help="folder of the results")
    parser.add_argument(
        "--workers", type=whole(1, 256), default=os.cpu_count() or 1, help="processes side by side"
    )
    parser.add_argument("--json", type=output_file, help="also write the results to this file")
