"""`./iifl bench NAME`: how fast, side by side with the plain method."""

from importlib import import_module
from typing import Any

from iifl_server.bench.common import Options
from iifl_server.experiments.results import write_json
from iifl_server.management.arguments import bench as options
from iifl_server.management.base import IIFLCommand


class Command(IIFLCommand):
    options = options

    def run(self, **options: Any) -> None:
        module = import_module(f"iifl_server.bench.{options['name']}")
        chosen = {name: options[name] for name in ("scale", "seed", "repeats", "threads")}
        figures = module.run(Options(**chosen), self.stdout.write)
        if options["json"]:
            write_json(options["json"], figures)
            self.stdout.write(f"written to {options['json']}")
