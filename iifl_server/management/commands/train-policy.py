"""`./iifl train-policy TASK`: make the initial weights and û that ship with the project."""

from typing import Any

import torch

from iifl_server.experiments.results import write_json
from iifl_server.learning.initial import made_here
from iifl_server.learning.making import make_checkpoint
from iifl_server.learning.recipes import CLONING, IMPLICIT
from iifl_server.learning.weights import making, told_threshold
from iifl_server.management.arguments import train_policy as options
from iifl_server.management.base import IIFLCommand
from robots.lookup import canonical

FILES = {IMPLICIT: "policy", CLONING: "cloning"}


class Command(IIFLCommand):
    interrupted = "What is done is kept; the same command goes on from there."
    options = options

    def run(self, **options: Any) -> None:
        options["task"] = canonical(options["task"])
        torch.set_num_threads(1)
        out = options["out"] or made_here(options["task"])
        for kind in [options["only"]] if options["only"] else FILES:
            path = out / f"{FILES[kind]}.safetensors"
            with making(options["task"], kind, path) as shown:
                if options["once"] and path.exists():
                    self.stdout.write(f"{kind}: there already, {path}")
                    continue
                manifest = make_checkpoint(
                    options["task"], kind, options["seed"], path,
                    robots=options["robots"], steps=options["steps"],
                    percentile=options["percentile"], progress=shown.update,
                )  # fmt: skip
            write_json(path.with_suffix(".json"), dict(sorted(manifest.items())))
            self.stdout.write(
                f"{kind}: held-out action error {manifest['held_out_action_error']:.3f}; written to {path}"
            )
            if kind == IMPLICIT:
                self.stdout.write(told_threshold(manifest))
