"""`./iifl runner`: drives the fleets of this site until it is told to stop."""

import signal
import threading
from typing import Any

from iifl_server.fleets.runner.process import run_forever
from iifl_server.management.arguments import runner as options
from iifl_server.management.base import IIFLCommand


class Command(IIFLCommand):
    """Claims runs that nobody drives and drives them; SIGTERM and Ctrl-C leave each in its last snapshot."""

    options = options

    def run(self, **options: Any) -> None:
        leaving = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: leaving.set())
        run_forever(leaving)
