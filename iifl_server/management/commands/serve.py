"""`./iifl serve`: the web process alone."""

import sys
from argparse import ArgumentParser
from typing import Any

from daphne.cli import CommandLineInterface

from iifl_server.management.base import IIFLCommand, whole


class Command(IIFLCommand):
    help = "Serve the pages and WebSockets with daphne; the broker, a runner and workers run beside it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=whole(1, 65535), default=8000, help="port to listen on")

    def run(self, **options: Any) -> None:
        sys.argv[0] = "daphne"
        CommandLineInterface().run(
            [
                "--bind",
                options["host"],
                "--port",
                str(options["port"]),
                "--no-server-name",
                "--verbosity",
                "1",
                "iifl_server.asgi:application",
            ]
        )
