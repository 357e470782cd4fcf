"""Results and figures of an experiment: the paper's numbers beside ours, and what they mean."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from iifl_server.experiments.claims import Claim
from iifl_server.experiments.results import machine, summarise, write_json
from policy.learning.files import SHARED, write_whole

Columns = Mapping[str, Mapping[str, Sequence[float]]]
"""{arm: {metric: one value per seed}}"""
COLOURS = {
    "bc": "#9e9e9e",
    "ibc": "#c9a227",
    "ifl": "#4c78a8",
    "iifl-random": "#e45756",
    "iifl": "#2a9d5c",
    "iifl-nearest": "#8e5ea2",
    "iifl-share-0.02": "#8fd3ab",
    "iifl-familiar-1": "#1f6f8b",
    "ifl-each-step": "#a5c8e8",
}
CURVES = {
    "average_reward": "reward per robot and episode",
    "successes": "successes",
    "hard_resets": "hard resets",
    "rohe_released": "ROHE (as released)",
}
PARTS = {
    "simulation": "simulation",
    "inference": "actions",
    "uncertainty": "uncertainty",
    "training": "training",
    "supervision": "supervision",
    "saving": "saving",
    "rest": "bookkeeping",
}
HEADINGS = {
    "average_reward": "reward per episode",
    "successes": "successes",
    "hard_resets": "hard resets",
    "teleoperation_actions": "teleoperation",
    "human_actions": "human actions",
    "rohe_released": "ROHE (as released)",
    "rohe": "ROHE (Eq. 3)",
}


@dataclass(frozen=True)
class Report:
    """What an experiment says of itself beside its trials."""

    title: str
    headings: Mapping[str, str]
    """Metric to the head of its column."""
    claims: Sequence[Claim]
    paper: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """{arm: {metric: as printed in the paper}}"""
    notes: Sequence[str] = ()
    figures: Sequence[str] = ()
    """Names without suffix, of figures that are there."""


def columns(
    results: Mapping[str, Mapping[str, Any]], arms: Sequence[str]
) -> dict[str, dict[str, list[float]]]:
    """Trials' results by arm, seeds in order: every number that all of an arm's trials have."""
    found: dict[str, dict[str, list[float]]] = {}
    for arm in arms:
        rows = [result for name, result in sorted(results.items()) if name.rpartition("-")[0] == arm]
        names = [name for name, value in rows[0].items() if isinstance(value, int | float)] if rows else []
        found[arm] = {name: [float(row[name]) for row in rows] for name in names}
    return {arm: values for arm, values in found.items() if values}


def profile(row: Mapping[str, Sequence[float]]) -> str:
    """Where the time of an arm's runs went, in a sentence."""
    seconds = {name: float(np.mean(row[f"{name}_s"])) for name in PARTS}
    total = sum(seconds.values())
    shares = ", ".join(f"{PARTS[name]} {100 * spent / total:.1f} %" for name, spent in seconds.items())
    return f"An IIFL run took {total:.0f} s on one core after its first training: {shares}."


def write(out: Path, report: Report, values: Columns, about: Mapping[str, Any]) -> dict[str, Any]:
    """Write results.json ({arm: {metric: figures}}), report.json and results.md; returns results.json."""
    results = summarise(values)
    write_json(out / "results.json", results)
    described = {
        "about": {**about, "machine": machine()},
        "claims": [claim.to_dict() for claim in report.claims],
    }
    write_json(out / "report.json", described)
    lines = [f"# {report.title}", "", _table(results, report), ""]
    lines += [f"- {claim.sentence}" for claim in report.claims]
    lines += ["", *report.notes] if report.notes else []
    for figure in report.figures:
        lines += ["", f"![{figure}]({figure}.svg)"]
    taken = ", ".join(f"{name} {value}" for name, value in machine().items())
    lines += [
        "",
        "Mean ± standard deviation over seeds [95 % bootstrap interval]; what the paper reports in italics.",
        taken,
    ]
    write_whole(out / "results.md", ("\n".join(lines) + "\n").encode(), mode=SHARED)
    return results


def _table(results: Mapping[str, Mapping[str, Any]], report: Report) -> str:
    heads = {
        name: head for name, head in report.headings.items() if any(name in row for row in results.values())
    }
    lines = ["| | n | " + " | ".join(heads.values()) + " |", "|---|---:" + "|---:" * len(heads) + "|"]
    for arm, row in results.items():
        count = max(figures["n"] for figures in row.values())
        cells = ["N/A" if _asks_nobody(arm, name) else _cell(row.get(name)) for name in heads]
        lines.append(f"| {arm} | {count} | " + " | ".join(cells) + " |")
        if arm in report.paper:
            said = [report.paper[arm].get(name, "") for name in heads]
            lines.append("| *paper* | | " + " | ".join(f"*{text}*" if text else "" for text in said) + " |")
    return "\n".join(lines)


def _asks_nobody(arm: str, metric: str) -> bool:
    """A return on human effort of an algorithm that asks for none beside resets is no figure of it."""
    return metric.startswith("rohe") and arm.partition("-")[0] in ("bc", "ibc")


def _cell(figures: Mapping[str, Any] | None) -> str:
    if figures is None:
        return "–"
    text = f"{_short(figures['mean'])} ± {_short(figures['sd'])}"
    if figures["interval"] is None:
        return _short(figures["mean"])
    low, high = figures["interval"]
    return f"{text} [{_short(low)}, {_short(high)}]"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def curves_figure(out: Path, name: str, arms: Sequence[str], title: str) -> None:
    """Figure 3: each of CURVES over the steps, mean and range over seeds, from the trials' own files."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(CURVES), figsize=(4 * len(CURVES), 3.4), layout="constrained")
    for arm in arms:
        runs = [curve(folder) for folder in sorted((out / "trials").glob(f"{arm}-[0-9]*"))]
        runs = [run for run in runs if run]
        if not runs:
            continue
        for axis, (metric, heading) in zip(axes, CURVES.items(), strict=True):
            length = min(len(run["step"]) for run in runs)
            steps = runs[0]["step"][:length]
            every = np.array([run[metric][:length] for run in runs])
            colour = COLOURS.get(arm, "#000000")
            axis.plot(steps, every.mean(axis=0), color=colour, label=arm)
            axis.fill_between(steps, every.min(axis=0), every.max(axis=0), color=colour, alpha=0.18, lw=0)
            axis.set_title(heading, fontsize=10)
            axis.set_xlabel("step")
    axes[0].legend(fontsize=8)
    figure.suptitle(title, fontsize=11)
    save_figure(figure, out, name)
    pyplot.close(figure)


def save_figure(figure: Any, out: Path, name: str) -> None:
    """As PNG and SVG."""
    for suffix in ("png", "svg"):
        figure.savefig(out / f"{name}.{suffix}", dpi=110)


def curve(folder: Path, points: int = 250) -> dict[str, np.ndarray]:
    """Columns of a trial's metrics.csv at some of its steps; nothing where there is no such file."""
    try:
        with (folder / "metrics.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        return {}
    chosen = [rows[index] for index in np.unique(np.linspace(0, len(rows) - 1, points).astype(int))]
    return {
        name: np.array([float(row[name]) if row[name] else np.nan for row in chosen]) for name in chosen[0]
    }
