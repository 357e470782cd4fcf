"""Options of `./iifl doctor`."""

from argparse import ArgumentParser

HELP = "Say what is installed, reachable and missing on this machine, and how to mend it."


def add(parser: ArgumentParser) -> None:
    """There are none."""
