"""`./iifl manage give-up-weights RUN VERSION`: go on without weights whose file is lost for good."""

from argparse import ArgumentParser
from typing import Any

from iifl_server.learning.services import give_up
from iifl_server.management.base import IIFLCommand, whole


class Command(IIFLCommand):
    help = (
        "Give up learned weights whose file is lost for good: the run goes on with the version before. What "
        "people did is kept, and the next retraining learns from all of it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=whole(1), help="number of the run")
        parser.add_argument("version", type=whole(2), help="version of the weights")

    def run(self, **options: Any) -> None:
        give_up(options["run"], options["version"])
        self.stdout.write(f"Run {options['run']} goes on without version {options['version']}.")
