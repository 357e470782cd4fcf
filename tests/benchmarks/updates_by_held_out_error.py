"""How many updates: held-out errors of implicit policy and behaviour cloning after each of several trainings.

    .venv/bin/python tests/benchmarks/updates_by_held_out_error.py [--updates 250 500 1000]

Both learn from the initial demonstrations with the recipe of the task; errors are on pushes of other fleets.
"""

import argparse
import os
import platform
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iifl_server.settings")

import django
import torch

django.setup()

from iifl_server import seeds  # noqa: E402
from iifl_server.learning.making import initial_dataset  # noqa: E402
from iifl_server.learning.recipes import CLONING, IMPLICIT, recipe  # noqa: E402
from policy import ExplicitPolicy, ImplicitPolicy, evaluate, train  # noqa: E402
from robots.demonstrations import collect  # noqa: E402

TASK = "block_push"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--updates", type=int, nargs="+", default=[250, 500, 1000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    torch.set_num_threads(1)
    dataset, plan = initial_dataset(TASK), recipe(TASK)
    seen, done, _ = collect(TASK, 336, seeds.HELD_OUT_DEMONSTRATIONS, robots=24)
    print(f"{platform.machine()}, torch {torch.__version__}, 1 thread, seeds {options.seeds}")
    for seed in options.seeds:
        for updates in options.updates:
            config = replace(plan.initial, updates=updates)
            energies = replace(plan.policy_config(IMPLICIT), members=1)
            implicit = train(ImplicitPolicy(energies, seed=seed, temperature=0.0), dataset, config, seed=seed)
            cloning = train(
                ExplicitPolicy(plan.policy_config(CLONING), seed=seed), dataset, config, seed=seed
            )
            ours, theirs = evaluate(implicit.policy, seen, done), evaluate(cloning.policy, seen, done)
            print(
                f"seed {seed}, {updates:5d} updates: implicit action error {ours.action_error:.3f}, "
                f"nll {ours.nll:.2f}; cloning action error {theirs.action_error:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
