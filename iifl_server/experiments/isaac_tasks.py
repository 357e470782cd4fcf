"""Figure 3: ball balancing, running and walking with supervisors of one kind (Section 5.2)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from iifl_server.experiments import claims
from iifl_server.experiments.protocol import ARMS, Trial, size_of
from iifl_server.experiments.report import HEADINGS, Columns, Report, curves_figure

BASELINES = ("bc", "ibc", "ifl", "iifl-random")
CALL_SHARE = 0.02
"""Of the arm whose û follows what was seen: the share of robot-steps that may call."""


def trials(task: str, scale: str, recipe: str) -> list[Trial]:
    """Six algorithms over the seeds, beside them a û that keeps a promised share of calls, and a policy that
    remembers what it learned from."""
    size = size_of(task, scale)
    found = [Trial(task, arm, seed, size, recipe) for seed in range(size.seeds) for arm in ARMS]
    if task == "ball_balance":  # The smallest of them: what a schedule changes is seen on one.
        found += [replace(trial, each_step=True) for trial in found if trial.algorithm == "ifl"]
    ours = [trial for trial in found if trial.algorithm == "iifl"]
    found += [replace(trial, call_share=CALL_SHARE) for trial in ours]
    return found + [replace(trial, familiarity=1.0) for trial in ours]


def report(task: str, out: Path, values: Columns, arms: Sequence[str]) -> Report:
    """Tables, claims and Figure 3 of one task."""
    curves_figure(out, "figure-3", arms, f"{task}: mean and range over seeds")
    return Report(
        title=f"{task} (Figure 3)",
        headings=HEADINGS | {"violations": "violations"},
        claims=method_claims(values),
        figures=("figure-3",),
    )


def method_claims(values: Columns) -> list[claims.Claim]:
    """What the method claims of any task, about the arms that are there."""
    found = []
    if {"iifl", "iifl-random"} <= set(values):
        text = "Help by uncertainty leaves fewer hard resets than as much help at random"
        found.append(claims.more(text, values["iifl-random"]["hard_resets"], values["iifl"]["hard_resets"]))
        text = "Help by uncertainty brings more reward than as much help at random"
        found.append(
            claims.more(text, values["iifl"]["average_reward"], values["iifl-random"]["average_reward"])
        )
    finished = any(max(column["successes"], default=0.0) for column in values.values())
    for other in BASELINES:  # Where no episode is long enough to end, nobody has any.
        if finished and other in values and "iifl" in values:
            text = f"IIFL has at least as many successes as {other}"
            found.append(
                claims.more(text, values["iifl"]["successes"], values[other]["successes"], equal=True)
            )
    for other in ("ifl", "iifl-random"):
        if other in values and "iifl" in values:
            text = f"IIFL's return on human effort is at least {other}'s"
            found.append(
                claims.more(text, values["iifl"]["rohe_released"], values[other]["rohe_released"], equal=True)
            )
    return found
