"""`./iifl benchmark TASK`: the task's comparison of algorithms, over seeds."""

import os
import sys
from typing import Any

from tqdm import tqdm

from iifl_server.experiments.block_push import run_benchmark
from iifl_server.experiments.results import write_json
from iifl_server.management.arguments import benchmark as options
from iifl_server.management.base import IIFLCommand


class Command(IIFLCommand):
    interrupted = "What is done is kept; the same command goes on from there."
    options = options

    def run(self, **options: Any) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        out = options["out"]
        with tqdm(desc="runs", disable=not sys.stderr.isatty()) as bar:

            def show(done: int, total: int, name: str) -> None:
                bar.total = total
                bar.update(done - bar.n)
                bar.set_postfix_str(name)

            results = run_benchmark(options["scale"], out, options["workers"], show)
        if options["json"]:
            write_json(options["json"], results)
        self.stdout.write((out / "results.md").read_text())
        self.stdout.write(f"written to {out}")
