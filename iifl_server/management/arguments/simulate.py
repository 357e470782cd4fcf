"""Options of `./iifl simulate`."""

from argparse import ArgumentParser

from iifl_server.management.arguments.numbers import (
    CALIBRATION_STEPS,
    PERCENTILE,
    ROBOTS,
    SEED,
    STEPS,
    THREADS,
    number,
    whole,
)
from iifl_server.management.arguments.paths import output_file, writable_folder
from iifl_server.management.arguments.tasks import WORDS, task
from iifl_server.names import HEADLESS_ALGORITHMS, PRIORITIES

HELP = (
    "Run one fleet in lockstep and write metrics.json and metrics.csv. One seed always gives the same "
    "numbers; called again on the same folder it goes on where it was interrupted."
)


def add(parser: ArgumentParser) -> None:
    """Add them to a parser."""
    parser.add_argument("task", type=task, metavar="TASK", help=WORDS)
    parser.add_argument(
        "--algorithm", choices=HEADLESS_ALGORITHMS, default="iifl", help="policy and allocation"
    )
    parser.add_argument("--robots", type=ROBOTS, default=4, help="size of the fleet, N")
    parser.add_argument("--supervisors", type=whole(0, 1000), default=2, help="algorithmic supervisors, M")
    parser.add_argument("--steps", type=STEPS, default=150, help="fleet steps, T")
    parser.add_argument("--seed", type=SEED, default=0, help="decides every draw of the run")
    parser.add_argument(
        "--backend",
        default="",
        help="what simulates the robots, for instance mjwarp; the task's own if empty",
    )
    parser.add_argument("--out", type=writable_folder, required=True, help="folder of the results")
    parser.add_argument("--json", type=output_file, help="also write the metrics to this file")
    parser.add_argument(
        "--threads", type=THREADS, default=1, help="threads of torch; part of what a seed means"
    )
    _add_allocation(parser)


def _add_allocation(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--priority", choices=PRIORITIES, default="", help="allocation of ifl and iifl; U.C. unless given"
    )
    parser.add_argument("--risk-threshold", type=number(0, 1), default=0.5, help="risk that calls in C.U.R.")
    parser.add_argument(
        "--call-share",
        type=number(0, 1, below=True),
        default=0.0,
        help="let the threshold follow this share; 0: fixed",
    )
    parser.add_argument(
        "--threshold", type=number(0, 1e9), help="uncertainty threshold; the policy's unless given"
    )
    parser.add_argument(
        "--calibrate", action="store_true", help="find the threshold first, on a fleet that nobody helps"
    )
    parser.add_argument("--calibrate-robots", type=ROBOTS, default=100, help="robots of --calibrate")
    parser.add_argument(
        "--calibrate-steps", type=CALIBRATION_STEPS, default=1000, help="steps of --calibrate"
    )
    parser.add_argument(
        "--percentile", type=PERCENTILE, default=99.0, help="of the uncertainties of --calibrate"
    )
