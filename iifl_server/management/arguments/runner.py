"""Options of `./iifl runner`."""

from argparse import ArgumentParser

HELP = "Drive the robot fleets of this site: claims every run that no other runner drives."


def add(parser: ArgumentParser) -> None:
    """There are none."""
