"""Options of `./iifl train-policy`."""

from argparse import ArgumentParser

from iifl_server.management.arguments.numbers import CALIBRATION_STEPS, PERCENTILE, ROBOTS, SEED
from iifl_server.management.arguments.paths import writable_folder
from iifl_server.management.arguments.tasks import WORDS, task
from iifl_server.names import KINDS

HELP = (
    "Collect the demonstrations of a task, train the implicit policy and behaviour cloning on them, "
    "calibrate the uncertainty threshold, and write weights and manifests. One seed on one machine gives "
    "the same files. Interrupted, it goes on where it was."
)


def add(parser: ArgumentParser) -> None:
    """Add them to a parser."""
    parser.add_argument("task", nargs="?", type=task, metavar="TASK", default="block_push", help=WORDS)
    parser.add_argument("--seed", type=SEED, default=0, help="seed of weights and draws")
    parser.add_argument("--only", choices=KINDS, help="make one of the two alone")
    parser.add_argument("--once", action="store_true", help="leave weights that are there as they are")
    parser.add_argument("--robots", type=ROBOTS, default=100, help="calibration robots")
    parser.add_argument("--steps", type=CALIBRATION_STEPS, default=1000, help="calibration steps")
    parser.add_argument(
        "--percentile",
        type=PERCENTILE,
        help="of the uncertainties that is the threshold; the recipe's unless given",
    )
    parser.add_argument(
        "--out",
        type=writable_folder,
        help="folder; unless given weights/TASK in the data folder, which runs prefer to what ships",
    )
