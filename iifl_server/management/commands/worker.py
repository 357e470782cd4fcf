"""`./iifl worker QUEUE`: one Celery worker."""

import os
from typing import Any

from iifl_server.management.arguments import worker as options
from iifl_server.management.base import IIFLCommand
from iifl_server.names import QUEUES


class Command(IIFLCommand):
    options = options

    def run(self, **options: Any) -> None:
        from iifl_server.celery import app

        queue = options["queue"]
        missing = QUEUES[queue] - os.nice(0)
        if missing > 0:
            os.nice(missing)
        app.worker_main(
            [
                "worker",
                "--pool=solo",
                f"--queues={queue}",
                f"--hostname={queue}@%h",
                "--loglevel=INFO",
                "--without-gossip",
                "--without-mingle",
            ]
        )
