"""`./iifl serve`: the web process alone."""

import os
import sys
from socket import socket
from typing import Any

from daphne.cli import CommandLineInterface
from daphne.server import Server
from django.core.management.base import CommandError
from twisted.internet import reactor
from twisted.internet.endpoints import AdoptedStreamServerEndpoint

from iifl_server.management.arguments import serve as options
from iifl_server.management.base import IIFLCommand
from iifl_server.processes.listening import ListenError, listen


class Command(IIFLCommand):
    options = options

    def run(self, **options: Any) -> None:
        opened = _opened(options)
        sys.argv[0] = "daphne"
        interface = CommandLineInterface()
        interface.server_class = AdoptingServer
        fixed = ["--no-server-name", "--verbosity", "1", "iifl_server.asgi:application"]
        interface.run(["--fd", str(opened.fileno()), *fixed])


class AdoptingServer(Server):  # type: ignore[misc]
    """Serves on a socket that listens already, IPv4 or IPv6; daphne's own takes every socket for IPv4."""

    def __init__(self, application: Any, endpoints: list[str], **options: Any) -> None:
        super().__init__(application, endpoints, **options)
        self._fd = int(endpoints[0].partition("fd:fileno=")[2])
        self.endpoints: list[str] = []
        self.ready_callable = self._adopt

    def _adopt(self) -> None:
        family = socket(fileno=os.dup(self._fd)).family
        endpoint = AdoptedStreamServerEndpoint(reactor, self._fd, family)  # type: ignore[no-untyped-call]
        listening = endpoint.listen(self.http_factory)  # type: ignore[no-untyped-call]
        listening.addCallbacks(self.listen_success, self.listen_error)


def _opened(options: dict[str, Any]) -> socket:
    try:
        if options["fd"] is not None:
            return socket(fileno=options["fd"])
        return listen(options["host"], options["port"])
    except OSError as error:
        raise CommandError(f"--fd {options['fd']} is no socket ({error.strerror})") from None
    except ListenError as error:
        raise CommandError(str(error)) from None
