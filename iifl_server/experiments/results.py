"""Results of a benchmark: one file for programs, one table for people."""

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

Values = Mapping[str, Mapping[str, Sequence[float]]]
"""{algorithm: {metric: one value per seed}}"""


def summarise(values: Values) -> dict[str, dict[str, dict[str, Any]]]:
    """{algorithm: {metric: {mean, sd, n, values}}}; sd is the sample standard deviation, 0 for one value."""
    return {
        algorithm: {
            metric: {
                "mean": statistics.fmean(column),
                "sd": statistics.stdev(column) if len(column) > 1 else 0.0,
                "n": len(column),
                "values": list(column),
            }
            for metric, column in metrics.items()
        }
        for algorithm, metrics in values.items()
    }


def table(values: Values, metrics: Mapping[str, str], *, digits: int = 1) -> str:
    """Markdown: a row per algorithm, a column per metric (name → heading), mean ± sd."""
    lines = [
        "| | " + " | ".join(metrics.values()) + " |",
        "|---" + "|---:" * len(metrics) + "|",
    ]
    for algorithm, row in summarise(values).items():
        cells = [
            f"{row[name]['mean']:.{digits}f} ± {row[name]['sd']:.{digits}f}" if name in row else "–"
            for name in metrics
        ]
        lines.append(f"| {algorithm} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """What the numbers were taken on."""
    return {
        "python": platform.python_version(),
        "torch": version("torch"),
        "numpy": version("numpy"),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
    }


def write_json(path: Path, content: Any) -> None:
    """Write whole or not at all."""
    partial = path.with_suffix(path.suffix + ".part")
    partial.write_text(json.dumps(content, indent=2) + "\n")
    partial.replace(path)
