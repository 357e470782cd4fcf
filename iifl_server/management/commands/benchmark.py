"""`./iifl benchmark TASK`: the task's comparison of algorithms, over seeds."""

import os
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from django.core.management.base import CommandError

from iifl_server.experiments.block_push import run_benchmark
from iifl_server.experiments.results import write_json
from iifl_server.management.arguments import benchmark as options
from iifl_server.management.base import IIFLCommand
from iifl_server.progress import Shown


class Command(IIFLCommand):
    interrupted = "What is done is kept; the same command goes on from there."
    options = options

    def run(self, **options: Any) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        out = options["out"]
        with Shown("runs") as shown:

            def show(done: int, total: int, name: str) -> None:
                shown.update(done / total, f"{done} of {total}, the last was {name}")

            try:
                results = run_benchmark(options["scale"], out, options["workers"], show)
            except BrokenProcessPool as error:
                raise CommandError(
                    f"one of {options['workers']} processes was killed, by somebody or for want of memory "
                    "(each takes a gigabyte). What is done is kept: call the same command again, or with "
                    "fewer --workers"
                ) from error
        if options["json"]:
            write_json(options["json"], results)
        self.stdout.write((out / "results.md").read_text())
        self.stdout.write(f"written to {out}")
