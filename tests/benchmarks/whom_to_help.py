"""Why a good warning is not yet good help: arms that differ in one thing each, on the same starts and budget.

    python tests/benchmarks/whom_to_help.py ant --arms random jeffreys jeffreys-half --seeds 0 1

Every arm helps within the same share of robot-steps. One arm at one seed is kept in a file, so a run that was
cut off goes on.

    random          as many teleoperation actions as `jeffreys` had, at random
    jeffreys        û follows what was seen, so that the share of robot-steps calls
    familiar        the same, by the divergence with what lies beyond all that was learned from
    nearest         the same, by distance to the nearest sample
    ...-half        half of each batch is new; elsewhere samples count as the recipe says
    ...-long        a supervisor stays for twenty steps in place of five
    mixed           in every other step the divergences are those of other robots

Shown beside what the fleet came to: at the end, the policy alone on other starts (reward, violations, and how
far its actions are from the nearer supervisor's), how far from the nearest demonstration help was given, in
standard deviations, and what share of it in the first third.
"""

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iifl_server.settings")

import django

django.setup()

import numpy as np  # noqa: E402
import torch  # noqa: E402

from iifl_server.bench.loop import visited  # noqa: E402
from iifl_server.experiments import lockstep, trial  # noqa: E402
from iifl_server.experiments.protocol import Size, Trial  # noqa: E402
from iifl_server.experiments.results import machine, read_json, write_json  # noqa: E402
from iifl_server.experiments.unassisted import evaluate_policy  # noqa: E402
from policy.learning.trainer import train  # noqa: E402
from policy.uncertainty.nearest import NearestSample  # noqa: E402

SHOWN = (
    "average_reward",
    "hard_resets",
    "teleoperation_actions",
    "successes",
    "alone_reward",
    "alone_violations",
    "alone_error",
    "help_distance",
    "first_third",
)


def run(task: str, arm: str, seed: int, size: Size, share: float, out: Path, budget: int) -> dict[str, Any]:
    """One arm at one seed."""
    kind, *marks = arm.split("-")
    algorithm = {"random": "iifl-random", "nearest": "iifl-nearest", "none": "ibc"}.get(kind, "iifl")
    chosen = Trial(task, algorithm, seed, size, call_share=share)
    made = trial.begin(chosen, out, lambda *_: None, {"teleoperation_actions": budget})
    if kind == "familiar":
        known = torch.from_numpy(np.array(made.dataset.observations))
        made.policy = made.policy.remembering(known, 1.0)  # type: ignore[attr-defined]
    demonstrations = len(made.dataset)
    nearest = NearestSample(made.dataset.observations)
    if "long" in marks:
        made.config = replace(made.config, minimum_intervention_steps=20)
        chance = made.config.random_probability / 4.0
        made.config = replace(made.config, random_probability=chance)
    if "half" in marks:
        config = replace(chosen.plan("implicit").retraining, online_share=0.5)

        def half_new(policy: Any, dataset: Any, step: int) -> Any:
            return train(policy, dataset, config, seed=seed + step).policy

        made.retrain = half_new
    if kind == "mixed":
        _mix(made, seed)
    for _ in range(size.steps):
        made.step()
    alone = evaluate_policy(
        made.policy, task, robots=size.robots // 4 or 1, steps=300, seed=seed, threshold=np.inf
    )
    observations, answers = visited(made.policy, task, 2 * size.robots, seed)
    actions = made.policy.decide(observations, 0, uncertainty=False).actions
    helped = [row["teleoperation_actions"] for row in made.history]
    return {
        **made.state.metrics(made.config),
        "samples": len(made.dataset),
        "alone_violations": alone["violations"],
        "alone_reward": alone["reward"],
        "alone_error": float(np.linalg.norm(actions[:, None] - answers, axis=-1).min(axis=1).mean()),
        "help_distance": float(nearest(made.dataset.observations[demonstrations:]).mean()),
        "first_third": helped[len(helped) // 3 - 1] / max(1, helped[-1]),
    }


def _mix(made: lockstep.Lockstep, seed: int) -> None:
    """Every other step's uncertainties are those of other robots."""
    inner = made.policy.decide
    draws = np.random.default_rng(seed)

    def decide(observations: Any, generator: int, *, uncertainty: bool = True) -> Any:
        found = inner(observations, generator, uncertainty=uncertainty)
        mixed = found.uncertainty
        if made.state.step % 2:
            mixed = draws.permutation(mixed)
        return replace(found, uncertainty=mixed)

    made.policy.decide = decide  # type: ignore[method-assign]


def main() -> None:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task")
    parser.add_argument("--arms", nargs="+", default=["jeffreys", "random", "nearest"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--robots", type=int, default=50)
    parser.add_argument("--supervisors", type=int, default=5)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--demonstrations", type=int, default=5000)
    parser.add_argument("--share", type=float, default=0.02)
    parser.add_argument("--training", type=float, default=1.0, help="share of the recipe's first updates")
    parser.add_argument("--out", type=Path, default=Path("out/whom-to-help"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    size = Size(1, given.robots, given.supervisors, given.steps, given.steps // 4, (20, 200),
                given.demonstrations, given.training)  # fmt: skip
    print(machine())
    print("| arm | seed | " + " | ".join(SHOWN) + " |\n|---|---|" + "---:|" * len(SHOWN))
    folder = given.out / f"{given.task}-{given.robots}-{given.steps}-{given.training:g}"
    for seed in given.seeds:
        budget = 0
        for arm in given.arms:
            kept = folder / f"{arm}-{seed}.json"
            if (figures := read_json(kept)) is None:
                figures = run(given.task, arm, seed, size, given.share, folder, budget)
                write_json(kept, figures)
            if arm == "jeffreys":
                budget = int(figures["teleoperation_actions"])
            print(
                f"| {arm} | {seed} | " + " | ".join(f"{figures[name]:.4g}" for name in SHOWN) + " |",
                flush=True,
            )


if __name__ == "__main__":
    main()
