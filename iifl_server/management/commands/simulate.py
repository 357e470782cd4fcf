"""`./iifl simulate TASK`: one headless run with algorithmic supervisors."""

from contextlib import ExitStack
from typing import Any

import torch
from django.core.management.base import CommandError

from iifl_server.errors import RequestError
from iifl_server.experiments.report import PARTS
from iifl_server.experiments.results import write_json
from iifl_server.experiments.simulation import Simulation, run_simulation
from iifl_server.learning.calibrating import Calibration
from iifl_server.management.arguments import simulate as options
from iifl_server.management.base import BAD_USAGE, IIFLCommand
from iifl_server.progress import Shown
from robots.lookup import canonical

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
        options["task"] = canonical(options["task"])
        torch.set_num_threads(options["threads"])
        names = ["task", "algorithm", "robots", "supervisors", "steps", "seed"]
        names += ["priority", "risk_threshold", "call_share", "threshold", "backend"]
        try:
            simulation = Simulation(
                **{name: options[name] for name in names}, calibration=_calibration(options)
            )
            with ExitStack() as pieces:
                shown: dict[str, Shown] = {}

                def piece(what: str, total: float) -> Shown:
                    if what not in shown:  # A bar stands from when its work begins.
                        shown[what] = pieces.enter_context(Shown(what, total))
                    return shown[what]

                def calibrating(done: float, text: str) -> None:
                    piece("calibrating", 1.0).update(done, text)

                def show(step: int, row: dict[str, float]) -> None:
                    text = f"{int(row['successes'])} successes, ROHE {row['rohe']:.3f}"
                    piece("steps", simulation.steps).update(step, text)

                metrics = run_simulation(simulation, options["out"], show, calibrating)
        except RequestError as error:
            raise CommandError(str(error), returncode=BAD_USAGE) from None
        if options["json"]:
            write_json(options["json"], metrics)
        for name in SHOWN:
            self.stdout.write(f"{name:<22} {metrics[name]:g}")
        self.stdout.write(f"{'time':<22} {_profile(metrics)}")
        self.stdout.write(f"written to {options['out'] / 'metrics.json'}")


def _profile(metrics: dict[str, Any]) -> str:
    """Where the time went, in per cent."""
    total = max(metrics["wall_s"], 1e-9)
    parts = ((name, 100 * metrics[f"{part}_s"] / total) for part, name in PARTS.items())
    return ", ".join(f"{name} {share:.0f} %" for name, share in parts)


def _calibration(options: dict[str, Any]) -> Calibration | None:
    if not options["calibrate"]:
        return None
    return Calibration(options["calibrate_robots"], options["calibrate_steps"], options["percentile"])
