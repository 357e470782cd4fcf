"""Table 1: cube stacking; supervisors of two kinds help a policy that stays as it is (Section 5.2)."""

from collections.abc import Sequence
from pathlib import Path

from iifl_server.experiments import claims
from iifl_server.experiments.protocol import ARMS, Trial, size_of
from iifl_server.experiments.report import HEADINGS, Columns, Report, curves_figure

PAPER = {
    "bc": {"average_reward": "11.07 ± 1.17", "successes": "0.0 ± 0.0"},
    "ibc": {"average_reward": "30.32 ± 2.78", "successes": "0.0 ± 0.0"},
    "ifl": {"average_reward": "131.42 ± 18.75", "successes": "4.0 ± 0.8", "rohe_released": "1.31 ± 0.19"},
    "iifl-random": {
        "average_reward": "244.98 ± 32.58",
        "successes": "0.0 ± 0.0",
        "rohe_released": "2.45 ± 0.33",
    },
    "iifl": {"average_reward": "604.17 ± 263.06", "successes": "17.7 ± 11.1", "rohe_released": "6.04 ± 2.63"},
}


def trials(task: str, scale: str, recipe: str) -> list[Trial]:
    """û = 0: every robot calls in every step, and supervisors go to the most unsure ones."""
    size = size_of(task, scale)
    return [
        Trial(task, arm, seed, size, recipe, threshold=0.0, frozen=True)
        for seed in range(size.seeds)
        for arm in ARMS
    ]


def report(task: str, out: Path, values: Columns, arms: Sequence[str]) -> Report:
    """Table 1, its claims, and curves."""
    curves_figure(out, "curves", arms, f"{task}: mean and range over seeds")
    found = []
    for metric, name in (("average_reward", "reward"), ("successes", "successes"), ("rohe_released", "ROHE")):
        others = [arm for arm in ("bc", "ibc", "ifl", "iifl-random") if arm in values]
        if metric == "rohe_released":
            others = [arm for arm in others if arm in ("ifl", "iifl-random")]
        for arm in others:
            text = f"IIFL is above {arm} in {name}"
            found.append(claims.more(text, values["iifl"][metric], values[arm][metric]))
    headings = {name: HEADINGS[name] for name in HEADINGS if name != "hard_resets"}
    return Report("franka_cube_stack (Table 1)", headings, found, PAPER, figures=("curves",))
