"""`./iifl worker QUEUE`: one Celery worker."""

import os
from argparse import ArgumentParser
from typing import Any

from iifl_server.management.base import IIFLCommand

NICENESS = {"inference": 0, "training": 10, "experiments": 10}


class Command(IIFLCommand):
    help = "Run one Celery worker; inference and training never share a process, so neither delays the other."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("queue", choices=sorted(NICENESS), help="which queue to work on")

    def run(self, **options: Any) -> None:
        from iifl_server.celery import app

        queue = options["queue"]
        missing = NICENESS[queue] - os.nice(0)
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
