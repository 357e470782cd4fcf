"""How well the Jeffreys divergence warns when energies are trained otherwise, by candidates of `recipes.py`.

    python tests/benchmarks/warnings_by_recipe.py ant --candidates penalty langevin --seeds 0 1 2

Each candidate drives a fleet of its own that nobody helps; the distance to the nearest sample is shown beside
it on the same rollouts. Judged as by `./iifl bench warning`.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import torch
from recipes import CANDIDATES, make_policy

from iifl_server.bench.warning import Rows, judged, record
from iifl_server.experiments.results import machine, read_json, write_json
from iifl_server.learning.making import initial_dataset
from policy.learning.trainer import train
from policy.uncertainty.nearest import NearestSample

SHOWN = ("auroc_5", "auroc_20", "auroc_50", "calls_for_90", "failures", "ms_per_100")


def main() -> None:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="+")
    parser.add_argument("--candidates", nargs="+", choices=list(CANDIDATES), required=True)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--robots", type=int, default=100)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--out", type=Path, default=Path("out/warnings"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(machine())
    for task in given.tasks:
        print(f"\n| {task} | seed | measure | " + " | ".join(SHOWN) + " |")
        print("|---|---|---|" + "---:|" * len(SHOWN))
        data = initial_dataset(task)
        nearest = NearestSample(data.observations)
        for name in given.candidates:
            for seed in given.seeds:
                kept = given.out / task / f"{name}-{seed}.json"
                if (rows := read_json(kept)) is None:
                    candidate = CANDIDATES[name]
                    policy = train(make_policy(task, candidate, seed), data, candidate[1], seed=seed).policy
                    seen = Rows.of(record(policy, task, seed, given.robots, given.steps), seed)
                    rows = {
                        "own": judged(lambda states, by=policy: by.decide(states, 0).uncertainty, seen, task),
                        "nearest": judged(nearest, seen, task),
                    }
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    write_json(kept, rows)
                for measure, row in rows.items():
                    cells = [f"{row[key]:.3g}" if row.get(key) is not None else "–" for key in SHOWN]
                    print(f"| {name} | {seed} | {measure} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
