"""Table 2: pushing a cube round an obstacle, seen as images, with people who go round it either way."""

from collections.abc import Sequence
from pathlib import Path

from iifl_server.experiments import claims
from iifl_server.experiments.protocol import ARMS, Trial, size_of
from iifl_server.experiments.report import HEADINGS, Columns, Report, curves_figure

PAPER = {
    "bc": {"successes": "2.0 ± 0.8", "hard_resets": "51.0 ± 0.8"},
    "ibc": {"successes": "20.3 ± 4.1", "hard_resets": "35.3 ± 6.8"},
    "ifl": {"successes": "7.0 ± 0.8", "hard_resets": "47.3 ± 0.5", "rohe_released": "0.13 ± 0.01"},
    "iifl": {"successes": "36.3 ± 1.2", "hard_resets": "37.0 ± 2.2", "rohe_released": "0.71 ± 0.01"},
}
MORE_SUCCESSES, MORE_ROHE = 36.3 / 20.3, 0.71 / 0.13
"""What the paper has of IIFL over IBC, and over IFL."""


def trials(task: str, scale: str, recipe: str) -> list[Trial]:
    """All algorithms but the nearest sample, whose distances mean little between images."""
    size = size_of(task, scale)
    arms = [arm for arm in ARMS if arm != "iifl-nearest"]
    percentile = 80.0 if recipe == "ours" else 99.0  # Decision 0007.
    return [
        Trial(task, arm, seed, size, recipe, percentile=percentile)
        for seed in range(size.seeds)
        for arm in arms
    ]


def report(task: str, out: Path, values: Columns, arms: Sequence[str]) -> Report:
    """Table 2 and its claims."""
    curves_figure(out, "curves", arms, f"{task}: mean and range over seeds")
    iifl, found = values["iifl"], []
    for arm in ("bc", "ibc", "ifl", "iifl-random"):
        if arm in values:
            text = f"IIFL has more successes than {arm}"
            factor = MORE_SUCCESSES if arm == "ibc" else None
            found.append(claims.more(text, iifl["successes"], values[arm]["successes"], paper=factor))
    if "ifl" in values:
        text = "IIFL's return on human effort is above IFL's"
        found.append(
            claims.more(text, iifl["rohe_released"], values["ifl"]["rohe_released"], paper=MORE_ROHE)
        )
    for explicit in ("bc", "ifl"):
        if explicit in values:
            text = f"{explicit} needs more hard resets than IIFL"
            found.append(claims.more(text, values[explicit]["hard_resets"], iifl["hard_resets"]))
    return Report("block_push (Table 2)", HEADINGS, found, PAPER, figures=("curves",))
