"""`./iifl bench NAME`: how fast, side by side with the plain method."""

from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from iifl_server.experiments.performance.common import Options
from iifl_server.experiments.results import write_json
from iifl_server.management.base import IIFLCommand, output_file, whole

BENCHES = {
    "sampler": "one timestep of a fleet: actions and uncertainties, on a normal and on a sharp model",
    "training": "one gradient step, and what the weights are worth after some hundreds",
    "allocation": "priorities and assignment from 100 to 100,000 robots",
    "simulation": "every task beside its physics alone and a plain loop, and from 1 to 1,000 robots",
    "timing": "the paper's Table 5 beside ours",
}


class Command(IIFLCommand):
    help = (
        "Measure one claim of speed beside the plain method, with quality beside speed, in one process. "
        + "; ".join(f"{name}: {text}" for name, text in BENCHES.items())
        + "."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", choices=list(BENCHES), help="what to measure")
        parser.add_argument(
            "--scale", choices=["smoke", "full"], default="full", help="smoke: small sizes, seconds, no claim"
        )
        parser.add_argument("--seed", type=whole(0), default=0, help="decides every draw")
        parser.add_argument("--repeats", type=whole(1), default=5, help="measurements behind each median")
        parser.add_argument("--threads", type=whole(0), default=0, help="of torch; 0 is one for each core")
        parser.add_argument("--json", type=output_file, help="also write the figures to this file")

    def run(self, **options: Any) -> None:
        module = import_module(f"iifl_server.experiments.performance.{options['name']}")
        chosen = {name: options[name] for name in ("scale", "seed", "repeats", "threads")}
        figures = module.run(Options(**chosen), self.stdout.write)
        if options["json"]:
            write_json(options["json"], figures)
            self.stdout.write(f"written to {options['json']}")
