"""Options of `./iifl test`."""

from argparse import ArgumentParser

HELP = "Run format, lint, types, import rules and all tests; browser tests where Chromium is present."


def add(parser: ArgumentParser) -> None:
    """Add them to a parser."""
    parser.add_argument(
        "--fast",
        action="store_true",
        help="for the hand, about a minute: leave out browser tests and slow tests",
    )
    parser.add_argument(
        "rest",
        nargs="*",
        metavar="PYTEST",
        help="after --: arguments for pytest alone, e.g. -- -k reload",
    )
