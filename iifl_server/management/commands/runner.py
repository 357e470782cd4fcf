"""`./iifl runner`: drives the fleets of this site until it is told to stop."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from iifl_server.fleets.runner.process import run_forever


class Command(BaseCommand):
    """Claims runs that nobody drives and drives them; SIGTERM and Ctrl-C leave each in its last snapshot."""

    help = "Drive the robot fleets of this site: claims every run that no other runner drives."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until a signal comes."""
        leaving = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: leaving.set())
        run_forever(leaving)
