"""What the algorithmic supervisors of every task achieve alone: 100 episodes of each kind.

Ball balance also shows the network that PPO trained for it, beside its scripted rule.

    .venv/bin/python tests/benchmarks/supervisors.py [TASK ...] [--episodes 100] [--seed 1000] [--json FILE]

Every robot of one fleet is driven through a single episode: until it succeeds, breaks a constraint or its
time is up. Goals of block_push never time out; there an episode is cut off after its nominal length.
"""

import argparse
import json
import platform
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from robots.fleet import Fleet, Supervisor  # noqa: E402
from robots.registry import make_demonstration_fleet, make_fleet, make_supervisors, task_names  # noqa: E402
from robots.supervisors.ppo_recipes import RECIPES  # noqa: E402
from robots.supervisors.trained import TrainedSupervisor, shipped_network  # noqa: E402

KINDS = 2
"""Supervisors of a task come in at most two kinds, by turns."""


@dataclass(frozen=True)
class Achieved:
    """What one supervisor did in its episodes."""

    task: str
    supervisor: str
    fleet: str
    """"execution", or "demonstration" where that is another one."""
    episodes: int
    successes: int
    violations: int
    return_mean: float
    return_sd: float
    steps_mean: float


def drive(task: str, kind: str, fleet: Fleet, supervisor: Supervisor) -> Achieved:
    """One episode of each robot of the fleet."""
    going = np.ones(fleet.size, dtype=np.bool_)
    returns, steps = np.zeros(fleet.size), np.zeros(fleet.size)
    successes = violations = 0
    for _ in range(fleet.episode_length):
        ids = np.flatnonzero(going)
        actions = np.zeros((fleet.size, fleet.spaces.action_size), dtype=np.float32)
        actions[ids] = supervisor.actions(fleet, ids.tolist())
        result = fleet.act(actions, going)
        returns += result.reward
        steps += going
        successes += int(result.success.sum())
        violations += int(result.violation.sum())
        going &= ~(result.done | result.violation)
        if not going.any():
            break
    return Achieved(
        task, supervisor.name, kind, fleet.size, successes, violations,
        float(returns.mean()), float(returns.std()), float(steps.mean()),
    )  # fmt: skip


def supervisors_of(task: str, seed: int) -> list[Supervisor]:
    """Those of the task, and a trained one for comparison where they are scripted but one ships."""
    found = make_supervisors(task, KINDS, seed)
    if task in RECIPES and not isinstance(found[0], TrainedSupervisor):
        found.append(TrainedSupervisor("trained, to compare", shipped_network(task), seed))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("task", nargs="*", help="all by default")
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print(
        f"{platform.machine()}, numpy {np.__version__}, seed {options.seed}, {options.episodes} episodes each"
    )
    rows = []
    for task in options.task or task_names():
        fleets = {"execution": make_fleet}
        if task == "navigation":
            fleets["demonstration"] = make_demonstration_fleet
        for kind, make in fleets.items():
            for supervisor in supervisors_of(task, options.seed):
                row = drive(task, kind, make(task, options.episodes, options.seed), supervisor)
                rows.append(row)
                print(
                    f"{row.task:18s} {row.supervisor:32s} {row.fleet:14s} "
                    f"success {row.successes:4d}  violations {row.violations:4d}  "
                    f"return {row.return_mean:9.2f} ± {row.return_sd:.2f}  steps {row.steps_mean:.1f}",
                    flush=True,
                )
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
