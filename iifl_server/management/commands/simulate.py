"""`./iifl simulate TASK`: one headless run with algorithmic supervisors."""

import sys
from typing import Any

import torch
from django.core.management.base import CommandError
from tqdm import tqdm

from iifl_server.errors import RequestError
from iifl_server.experiments.results import write_json
from iifl_server.experiments.simulation import Simulation, run_simulation
from iifl_server.learning.calibrating import Calibration
from iifl_server.management.arguments import simulate as options
from iifl_server.management.base import BAD_USAGE, IIFLCommand

SHOWN = (
    "uncertainty_threshold",
    "successes",
    "autonomous_successes",
    "hard_resets",
    "human_actions",
    "rohe",
    "rohe_released",
    "wall_s",
)


class Command(IIFLCommand):
    interrupted = "What is done is kept; the same command goes on from there."
    options = options

    def run(self, **options: Any) -> None:
        torch.set_num_threads(options["threads"])
        names = ["task", "algorithm", "robots", "supervisors", "steps", "seed"]
        names += ["priority", "risk_threshold", "call_share", "threshold", "backend"]
        quiet = not sys.stderr.isatty()
        try:
            simulation = Simulation(
                **{name: options[name] for name in names}, calibration=_calibration(options)
            )
            with (
                tqdm(total=1000, desc="calibrating", disable=quiet or not options["calibrate"]) as before,
                tqdm(total=simulation.steps, desc="steps", disable=quiet) as bar,
            ):

                def calibrating(done: float, text: str) -> None:
                    before.update(int(1000 * done) - before.n)
                    before.set_postfix_str(text, refresh=False)

                def show(step: int, row: dict[str, float]) -> None:
                    bar.update(step - bar.n)
                    bar.set_postfix(successes=int(row["successes"]), rohe=f"{row['rohe']:.3f}", refresh=False)

                metrics = run_simulation(simulation, options["out"], show, calibrating)
        except RequestError as error:
            raise CommandError(str(error), returncode=BAD_USAGE) from None
        if options["json"]:
            write_json(options["json"], metrics)
        for name in SHOWN:
            self.stdout.write(f"{name:<22} {metrics[name]:g}")
        self.stdout.write(f"written to {options['out'] / 'metrics.json'}")


def _calibration(options: dict[str, Any]) -> Calibration | None:
    if not options["calibrate"]:
        return None
    return Calibration(options["calibrate_robots"], options["calibrate_steps"], options["percentile"])
