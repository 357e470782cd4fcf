"""`./iifl benchmark TASK`: the task's comparison of algorithms, over seeds."""

import os
import signal
import sys
from argparse import ArgumentParser
from typing import Any

from tqdm import tqdm

from iifl_server.experiments.block_push import SCALES, run_benchmark
from iifl_server.experiments.results import write_json
from iifl_server.management.base import IIFLCommand, output_file, whole, writable_folder


class Command(IIFLCommand):
    help = (
        "Compare algorithms on a task over seeds and write results.json, results.md and figures. Called "
        "again on the same folder, it runs only what is missing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("task", choices=["block_push"], help="what to compare on")
        parser.add_argument("--scale", choices=list(SCALES), default="smoke", help="3, 10 or 30 seeds")
        parser.add_argument(
            "--out", type=writable_folder, default="out/benchmark", help="folder of the results"
        )
        parser.add_argument(
            "--workers", type=whole(1), default=os.cpu_count() or 1, help="processes side by side"
        )
        parser.add_argument("--json", type=output_file, help="also write the results to this file")

    def run(self, **options: Any) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
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
