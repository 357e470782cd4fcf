"""`./iifl train-policy TASK`: make the initial weights and û that ship with the project."""

import sys
from pathlib import Path
from typing import Any

import torch
from django.conf import settings
from tqdm import tqdm

from iifl_server.experiments.results import write_json
from iifl_server.learning.making import make_checkpoint
from iifl_server.learning.recipes import CLONING, IMPLICIT
from iifl_server.management.arguments import train_policy as options
from iifl_server.management.base import IIFLCommand

FILES = {IMPLICIT: "policy", CLONING: "cloning"}


class Command(IIFLCommand):
    interrupted = "What is done is kept; the same command goes on from there."
    options = options

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
            write_json(path.with_suffix(".json"), dict(sorted(manifest.items())))
            self.stdout.write(
                f"{kind}: held-out action error {manifest['held_out_action_error']:.3f}, threshold "
                f"{manifest['uncertainty_threshold']:.3f}; written to {path}"
            )
