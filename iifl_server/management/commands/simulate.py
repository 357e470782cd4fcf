"""`./iifl simulate TASK`: one headless run with algorithmic supervisors."""

import sys
from argparse import ArgumentParser
from typing import Any

import torch
from django.core.management.base import CommandError
from tqdm import tqdm

from iifl_server.errors import RequestError
from iifl_server.experiments.results import write_json
from iifl_server.experiments.simulation import ALGORITHMS, PRIORITIES, Simulation, run_simulation
from iifl_server.learning.calibrating import Calibration
from iifl_server.management.base import BAD_USAGE, IIFLCommand, output_file, whole, writable_folder

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
    help = (
        "Run one fleet in lockstep and write metrics.json and metrics.csv. One seed always gives the same "
        "numbers; called again on the same folder it goes on where it was interrupted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("task", help="task of the robots, for instance block_push")
        parser.add_argument("--algorithm", choices=ALGORITHMS, default="iifl", help="policy and allocation")
        parser.add_argument("--robots", type=whole(1, 1000), default=4, help="size of the fleet, N")
        parser.add_argument("--supervisors", type=whole(0), default=2, help="algorithmic supervisors, M")
        parser.add_argument("--steps", type=whole(1), default=150, help="fleet steps, T")
        parser.add_argument("--seed", type=whole(0), default=0, help="decides every draw of the run")
        parser.add_argument(
            "--backend",
            default="",
            help="what simulates the robots, for instance mjwarp; the task's own if empty",
        )
        parser.add_argument("--out", type=writable_folder, required=True, help="folder of the results")
        parser.add_argument("--json", type=output_file, help="also write the metrics to this file")
        parser.add_argument(
            "--threads", type=whole(1), default=1, help="threads of torch; part of what a seed means"
        )

        parser.add_argument(
            "--priority", choices=PRIORITIES, default="", help="allocation of ifl and iifl; U.C. unless given"
        )
        parser.add_argument(
            "--risk-threshold",
            type=float,
            default=Simulation.risk_threshold,
            help="risk that calls in C.U.R.",
        )
        parser.add_argument(
            "--call-share", type=float, default=0.0, help="let the threshold follow this share; 0: fixed"
        )
        parser.add_argument(
            "--threshold", type=float, help="uncertainty threshold; the policy's unless given"
        )
        parser.add_argument(
            "--calibrate", action="store_true", help="find the threshold first, on a fleet that nobody helps"
        )
        plain = Calibration()
        parser.add_argument(
            "--calibrate-robots", type=whole(1, 1000), default=plain.robots, help="robots of --calibrate"
        )
        parser.add_argument(
            "--calibrate-steps", type=whole(1), default=plain.steps, help="steps of --calibrate"
        )
        parser.add_argument(
            "--percentile", type=float, default=plain.percentile, help="of the uncertainties of --calibrate"
        )

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
