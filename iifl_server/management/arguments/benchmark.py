"""Options of `./iifl benchmark`."""

import os
from argparse import ArgumentParser

from iifl_server.management.arguments.numbers import whole
from iifl_server.management.arguments.paths import output_file, writable_folder
from iifl_server.management.arguments.tasks import experiment
from iifl_server.names import BENCHMARKS, RECIPES, SCALES

HELP = (
    "Run an experiment of the paper and write results.json, results.md and figures: "
    + "; ".join(f"{name}: {text}" for name, text in BENCHMARKS.items())
    + ". Called again on the same folder, it runs only what is missing, from where it was."
)


def add(parser: ArgumentParser) -> None:
    """Add them to a parser."""
    parser.add_argument(
        "name",
        type=experiment,
        metavar="NAME",
        help=f"experiment: {', '.join(BENCHMARKS)}; or a task from outside, package.module:name for instance",
    )
    parser.add_argument(
        "--scale",
        choices=list(SCALES),
        default="smoke",
        help="; ".join(f"{name}: {text}" for name, text in SCALES.items()),
    )
    parser.add_argument(
        "--recipe",
        choices=RECIPES,
        default="ours",
        help="how policies are trained: ours is what each task does best with, paper what was published",
    )
    parser.add_argument("--seeds", type=whole(0, 1000), default=0, help="how many; 0 takes the scale's")
    parser.add_argument(
        "--first-seed", type=whole(0, 10_000), default=0, help="the lowest of them; needs a folder of its own"
    )
    parser.add_argument(
        "--arms", nargs="+", default=[], help="of an experiment's algorithms, only these; all unless given"
    )
    parser.add_argument(
        "--out", type=writable_folder, help="folder of the results; out/benchmark/NAME-SCALE unless given"
    )
    parser.add_argument(
        "--workers",
        type=whole(0, 256),
        default=os.cpu_count() or 1,
        help="processes side by side; 0 runs all in this one",
    )
    parser.add_argument(
        "--queue",
        action="store_true",
        help="run trials by the workers of the queue experiments, on as many machines as have joined",
    )
    parser.add_argument("--json", type=output_file, help="also write the results to this file")
