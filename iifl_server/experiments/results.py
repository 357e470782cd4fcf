"""Results of a benchmark: one file for programs, one table for people."""

import json
import math
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from policy.learning.files import SHARED, write_whole
from policy.metrics import bootstrap_interval

Values = Mapping[str, Mapping[str, Sequence[float]]]
"""{algorithm: {metric: one value per seed}}"""


def summarise(values: Values) -> dict[str, dict[str, dict[str, Any]]]:
    """{algorithm: {metric: {mean, sd, interval, n, values}}}.

    sd is the sample standard deviation, 0 for one value; interval is the mean's 95 % bootstrap interval over
    seeds, None for one value.
    """
    return {
        algorithm: {
            metric: {
                "mean": statistics.fmean(column),
                "sd": statistics.stdev(column) if len(column) > 1 else 0.0,
                "interval": list(bootstrap_interval(column)) if len(column) > 1 else None,
                "n": len(column),
                "values": list(column),
            }
            for metric, column in metrics.items()
        }
        for algorithm, metrics in values.items()
    }


def table(values: Values, metrics: Mapping[str, str], *, digits: int = 1) -> str:
    """Markdown: a row per algorithm, a column per metric (name → heading), mean ± sd [95 % interval]."""

    def cell(figures: Mapping[str, Any]) -> str:
        text = f"{figures['mean']:.{digits}f} ± {figures['sd']:.{digits}f}"
        if figures["interval"] is None:
            return text
        low, high = figures["interval"]
        return f"{text} [{low:.{digits}f}, {high:.{digits}f}]"

    lines = [
        "| | " + " | ".join(metrics.values()) + " |",
        "|---" + "|---:" * len(metrics) + "|",
    ]
    for algorithm, row in summarise(values).items():
        cells = [cell(row[name]) if name in row else "–" for name in metrics]
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
    """Write whole or not at all; numbers that JSON does not know (NaN, infinities) become null."""
    text = json.dumps(_finite(content), indent=2, allow_nan=False) + "\n"
    write_whole(path, text.encode(), mode=SHARED)


def read_json(path: Path) -> Any:
    """What `write_json` wrote; None where there is no file, or one that was cut off or damaged."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None


def _finite(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {name: _finite(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
