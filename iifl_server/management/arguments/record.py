"""Options of `./iifl record`."""

from argparse import ArgumentParser
from pathlib import Path

HELP = (
    "Recorded sessions of arms that are there: list them, or read one again with the perception; ./iifl demo "
    "--fleet FOLDER shows one on the pages."
)


def add(parser: ArgumentParser) -> None:
    """Add them to a parser."""
    parser.add_argument("folder", nargs="?", type=Path, help="of a recording; left out, all are listed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file as well")
