"""`./iifl benchmark NAME`: an experiment of the paper, its tables and figures beside ours."""

import os
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from iifl_server.experiments.results import read_json, write_json
from iifl_server.management.arguments import benchmark as options
from iifl_server.management.base import IIFLCommand
from iifl_server.names import BENCHMARKS, folder_of
from iifl_server.progress import Shown


class Command(IIFLCommand):
    interrupted = "What is done is kept; the same command goes on from there."
    options = options

    def run(self, **options: Any) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        from iifl_server.experiments import catalogue, own_task

        names = ("name", "scale", "recipe", "seeds", "first_seed")
        chosen = catalogue.Chosen(**{name: options[name] for name in names}, arms=tuple(options["arms"]))
        if chosen.name not in BENCHMARKS:  # What is no task is told before folders are made.
            chosen = replace(chosen, name=own_task.checked(chosen.name))
        recipe = "" if chosen.recipe == "ours" else f"-{chosen.recipe}"
        folder = f"{folder_of(chosen.name)}-{chosen.scale}{recipe}"
        out = options["out"] or Path(f"out/benchmark/{folder}").absolute()
        everywhere = None
        if options["queue"]:
            from iifl_server.experiments.shared import Everywhere

            everywhere = Everywhere
        with Shown(f"{chosen.name}, {chosen.scale}") as shown:
            try:
                catalogue.run(chosen, out, options["workers"], shown.update, everywhere)
            except BrokenProcessPool as error:
                raise CommandError(
                    f"one of {options['workers']} processes was killed, by somebody or for want of memory "
                    "(each takes a gigabyte). What is done is kept: call the same command again, or with "
                    "fewer --workers"
                ) from error
        if options["json"]:
            write_json(options["json"], read_json(out / "results.json"))
        self.stdout.write((out / "results.md").read_text())
        self.stdout.write(f"written to {out}")
