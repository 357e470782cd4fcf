"""`./iifl train-policy TASK`: make the initial weights and û that ship with the project."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import torch
from django.conf import settings
from tqdm import tqdm

from iifl_server.learning.making import CALIBRATION_ROBOTS, CALIBRATION_STEPS, make_checkpoint
from iifl_server.learning.recipes import CLONING, IMPLICIT
from iifl_server.management.base import IIFLCommand, whole, writable_folder

FILES = {IMPLICIT: "policy", CLONING: "cloning"}


class Command(IIFLCommand):
    help = (
        "Collect the demonstrations of a task, train the implicit policy and behaviour cloning on them, "
        "calibrate the uncertainty threshold, and write weights and manifests. One seed on one machine gives "
        "the same files. Interrupted, it goes on where it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("task", nargs="?", default="block_push", help="task to train for")
        parser.add_argument("--seed", type=whole(0), default=0, help="seed of weights and draws")
        parser.add_argument("--only", choices=sorted(FILES), help="make one of the two alone")
        parser.add_argument(
            "--robots", type=whole(1, 1000), default=CALIBRATION_ROBOTS, help="calibration robots"
        )
        parser.add_argument("--steps", type=whole(1), default=CALIBRATION_STEPS, help="calibration steps")
        parser.add_argument(
            "--percentile",
            type=float,
            help="of the uncertainties that is the threshold; the recipe's unless given",
        )
        parser.add_argument("--out", type=writable_folder, help="folder; the shipped one unless given")

    def run(self, **options: Any) -> None:
        torch.set_num_threads(1)
        out = options["out"] or Path(settings.SHIPPED) / options["task"]
        for kind in [options["only"]] if options["only"] else FILES:
            path = out / f"{FILES[kind]}.safetensors"
            with tqdm(
                total=1000, desc=kind, disable=not sys.stderr.isatty(), bar_format="{l_bar}{bar}| {postfix}"
            ) as bar:

                def show(done: float, text: str, bar: Any = bar) -> None:
                    bar.update(int(1000 * done) - bar.n)
                    bar.set_postfix_str(text, refresh=False)

                manifest = make_checkpoint(
                    options["task"], kind, options["seed"], path,
                    robots=options["robots"], steps=options["steps"],
                    percentile=options["percentile"], progress=show,
                )  # fmt: skip
            path.with_suffix(".json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
            self.stdout.write(
                f"{kind}: held-out action error {manifest['held_out_action_error']:.3f}, threshold "
                f"{manifest['uncertainty_threshold']:.3f}; written to {path}"
            )
