"""Options of `./iifl serve`."""

from argparse import ArgumentParser

from iifl_server.management.arguments.numbers import PORT, whole

HELP = "Serve the pages and WebSockets with daphne; the broker, a runner and workers run beside it."


def add(parser: ArgumentParser) -> None:
    """Add them to a parser."""
    parser.add_argument("--host", default="127.0.0.1", help="address or name to listen on, IPv4 or IPv6")
    parser.add_argument("--port", type=PORT, default=8000, help="port to listen on")
    parser.add_argument(
        "--fd",
        type=whole(0, 1_000_000),
        help="file descriptor of a socket that listens already, instead of both",
    )
