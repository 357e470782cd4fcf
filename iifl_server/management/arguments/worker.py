"""Options of `./iifl worker`."""

from argparse import ArgumentParser

from iifl_server.names import QUEUES

HELP = "Run one Celery worker; inference and training never share a process, so neither delays the other."


def add(parser: ArgumentParser) -> None:
    """Add them to a parser."""
    parser.add_argument("queue", choices=sorted(QUEUES), help="which queue to work on")
