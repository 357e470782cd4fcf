"""What would make the Jeffreys divergence know what it has not seen? Second members beside one that acts.

    python tests/benchmarks/warnings_by_divergence.py ant ball_balance --seeds 0
    python tests/benchmarks/warnings_by_divergence.py ant --evaluation --ways plain familiarity-1

Member 0 acts, so that every way sees the same rollouts; what differs is the member that it is compared with,
or how. Judged as by `./iifl bench warning`, on validation starts unless --evaluation is given. One way at one
seed is kept in a file, so a run that was cut off goes on. All are divergences of energies by Identity 1.

    plain                two members on bootstraps, as they were trained
    temperature-T        the same at another temperature
    three, five          mean over pairs of as many members
    halves               members trained on disjoint halves
    narrow, wide         member 1 of 64 x 2, of 256 x 4
    prior-S              random prior functions of this size [nats]
    doubt-S              member 1 also learns random actions in states with noise of S deviations, as many as
                         there are samples: it is to be flat away from the data
    contrary-S           the same, with the opposite of member 0's actions in place of random ones
    familiarity-W        the divergence of the energies and, with this weight, how far a state lies beyond all
                         that was learned from (`policy/uncertainty/familiarity.py`)
"""

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iifl_server.settings")

import django

django.setup()

import numpy as np  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from iifl_server import seeds  # noqa: E402
from iifl_server.bench.sampler import sharper  # noqa: E402
from iifl_server.bench.warning import Rows, judged, record, starts  # noqa: E402
from iifl_server.experiments.protocol import Trial, size_of  # noqa: E402
from iifl_server.experiments.results import machine, read_json, write_json  # noqa: E402
from iifl_server.experiments.trial import beginning, demonstrations  # noqa: E402
from iifl_server.learning.recipes import recipe  # noqa: E402
from policy.energy.config import NetworkConfig, PolicyConfig  # noqa: E402
from policy.implicit import ImplicitPolicy  # noqa: E402
from policy.learning.bootstrap import resample  # noqa: E402
from policy.learning.dataset import Dataset  # noqa: E402
from policy.learning.trainer import train  # noqa: E402
from policy.uncertainty.nearest import NearestSample  # noqa: E402

WAYS = (
    "nearest", "plain", "temperature-0.3", "temperature-3", "three", "five", "halves", "narrow", "wide",
    "prior-0.1", "prior-0.3", "doubt-0.5", "doubt-1", "doubt-2", "contrary-0.5", "contrary-1", "contrary-2",
    "familiarity-0.5", "familiarity-1", "familiarity-2",
)  # fmt: skip
SHOWN = ("auroc_5", "auroc_20", "auroc_50", "calls_for_90", "failures", "ms_per_100", "train_cpu_s")
Seen = NDArray[np.float32]


class Ways:
    """Of one task and seed; members are trained when a way first needs them."""

    def __init__(self, task: str, seed: int) -> None:
        self.task, self.seed = task, seed
        trial = Trial(task, "iifl-random", seed, size_of(task, "desk"))
        self.data = demonstrations(trial, starts(task))
        self.policy, _ = beginning(trial, starts(task), self.data, lambda *_: None)
        self.network: NetworkConfig = recipe(task).network
        self.spent = 0.0
        self._members: dict[Any, ImplicitPolicy] = {}

    def measure(self, way: str) -> Callable[[Seen], NDArray[np.float64]]:
        """Uncertainties of states."""
        kind, _, number = way.partition("-")
        value = float(number) if number else 0.0
        first = self.policy.network(0)
        if kind == "nearest":
            return NearestSample(self.data.observations)
        if kind == "temperature":
            return self._jeffreys(sharper(self.policy, 1.0 / value))
        if kind in ("three", "five"):
            others = [self._boot(member) for member in range(2, 3 if kind == "three" else 5)]
            members = [first, self.policy.network(1), *(other.network(0) for other in others)]
            pairs = [
                self._jeffreys(self._pair(one, other))
                for place, one in enumerate(members)
                for other in members[place + 1 :]
            ]
            return lambda seen: np.mean([pair(seen) for pair in pairs], axis=0)
        if kind == "halves":
            rows = np.random.default_rng(self.seed).permutation(len(self.data))
            parts = [self._trained(("half", part), rows[part::2], 10 + part) for part in (0, 1)]
            return self._jeffreys(self._pair(*(part.network(0) for part in parts)))
        if kind in ("narrow", "wide"):
            width, depth = (64, 2) if kind == "narrow" else (256, 4)
            made = self._boot(1, replace(self.network, width=width, state_depth=depth))
            return self._jeffreys(self._pair(first, made.network(0)))
        if kind == "prior":
            config = replace(self.network, prior_width=32, prior_scale=value)
            one, other = (self._boot(member, config) for member in (0, 1))
            return self._jeffreys(self._pair(one.network(0), other.network(0)))
        if kind in ("doubt", "contrary"):
            return self._jeffreys(self._pair(first, self._doubting(kind, value).network(0)))
        if kind == "plain":
            return self._jeffreys(self._remembering(0.0))
        return self._jeffreys(self._remembering(value))

    def _jeffreys(self, policy: ImplicitPolicy) -> Callable[[Seen], NDArray[np.float64]]:
        return lambda seen: policy.decide(seen, 0).uncertainty

    def _remembering(self, weight: float) -> ImplicitPolicy:
        known = torch.from_numpy(np.array(self.data.observations))
        made: ImplicitPolicy = self.policy.remembering(known, weight)
        return made

    def _pair(self, one: Any, other: Any) -> ImplicitPolicy:
        made = ImplicitPolicy(PolicyConfig(self.network, members=2, bootstrap=True))
        made.members = torch.nn.ModuleList([one, other])
        return made.eval()

    def _boot(self, member: int, network: NetworkConfig | None = None) -> ImplicitPolicy:
        config = network or self.network
        return self._trained((member, config), resample(len(self.data), member, self.seed), member, config)

    def _trained(
        self, key: Any, rows: NDArray[Any], member: int, network: NetworkConfig | None = None
    ) -> ImplicitPolicy:
        observations, actions = self.data.observations[rows], self.data.actions[rows]
        return self._fit(key, np.array(observations), np.array(actions), member, network)

    def _doubting(self, kind: str, noise: float) -> ImplicitPolicy:
        draws = np.random.default_rng([self.seed, 1])
        rows = resample(len(self.data), 1, self.seed)
        seen, done = np.array(self.data.observations[rows]), np.array(self.data.actions[rows])
        away = seen + noise * seen.std(axis=0) * draws.standard_normal(seen.shape)
        away = away.astype(np.float32)
        if kind == "doubt":
            answers = draws.uniform(-1.0, 1.0, done.shape).astype(np.float32)
        else:
            parts = np.array_split(away, max(1, len(away) // 500))
            acts = [self.policy.decide(part, 0, uncertainty=False).actions for part in parts]
            answers = np.clip(-np.concatenate(acts), -1.0, 1.0)
        return self._fit(
            (kind, noise), np.concatenate([seen, away]), np.concatenate([done, answers]), 1, clean=seen
        )

    def _fit(
        self,
        key: Any,
        observations: Seen,
        actions: Seen,
        member: int,
        network: NetworkConfig | None = None,
        clean: Seen | None = None,
    ) -> ImplicitPolicy:
        if key not in self._members:
            config = PolicyConfig(network or self.network, members=1, bootstrap=False)
            made = ImplicitPolicy(config, seed=100 * self.seed + member)
            made.network(0).fit_normalisation(torch.from_numpy(observations if clean is None else clean))
            begun = time.process_time()
            data = Dataset(observations, actions, np.array("demonstration"))
            self._members[key] = train(
                made, data, recipe(self.task).initial, seed=100 * self.seed + member
            ).policy
            self.spent += time.process_time() - begun
        return self._members[key]


def main() -> None:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tasks", nargs="+")
    parser.add_argument("--ways", nargs="+", default=list(WAYS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--robots", type=int, default=100)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--evaluation", action="store_true", help="the starts that results are reported on")
    parser.add_argument("--out", type=Path, default=Path("out/warnings-by-divergence"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(machine())
    first = seeds.EVALUATION if given.evaluation else seeds.VALIDATION
    for task in given.tasks:
        print(f"\n| {task} | seed | " + " | ".join(SHOWN) + " |\n|---|---|" + "---:|" * len(SHOWN))
        for seed in given.seeds:
            ways, rows = Ways(task, seed), None
            folder = given.out / f"{task}-{first}"
            for way in given.ways:
                kept = folder / f"{way}-{seed}.json"
                if (found := read_json(kept)) is None:
                    if rows is None:
                        start = first - seeds.EVALUATION + seed
                        rows = Rows.of(record(ways.policy, task, start, given.robots, given.steps), seed)
                    before = ways.spent
                    measure = ways.measure(way)
                    found = judged(measure, rows, task) | {"train_cpu_s": ways.spent - before}
                    folder.mkdir(parents=True, exist_ok=True)
                    write_json(kept, found)
                cells = [f"{found[key]:.3g}" for key in SHOWN]
                print(f"| {way} | {seed} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
