"""`./iifl manage give-up-weights RUN VERSION`: go on without weights whose file is lost for good."""

from typing import Any

from iifl_server.learning.services import give_up
from iifl_server.management.arguments import give_up_weights as options
from iifl_server.management.base import IIFLCommand


class Command(IIFLCommand):
    options = options

    def run(self, **options: Any) -> None:
        give_up(options["run"], options["version"])
        self.stdout.write(f"Run {options['run']} goes on without version {options['version']}.")
