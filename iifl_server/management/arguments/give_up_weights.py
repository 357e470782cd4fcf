"""Options of `./iifl manage give-up-weights`."""

from argparse import ArgumentParser

from iifl_server.management.arguments.numbers import whole

HELP = (
    "Give up learned weights whose file is lost for good: the run goes on with the version before. What "
    "people did is kept, and the next retraining learns from all of it."
)


def add(parser: ArgumentParser) -> None:
    """Add them to a parser."""
    parser.add_argument("run", type=whole(1, 2**31 - 1), help="number of the run")
    parser.add_argument("version", type=whole(2, 2**31 - 1), help="version of the weights")
