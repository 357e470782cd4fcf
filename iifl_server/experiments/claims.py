"""What a paper claims, held against values over seeds: one word for each claim, by one rule for all."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any, Literal

from policy.metrics import bootstrap_interval

Verdict = Literal["reproduced", "stronger", "weaker", "opposite", "underpowered"]
NEAR = 1.25
"""A factor within so much of the paper's counts as the same."""


@dataclass(frozen=True)
class Claim:
    """One sentence of the paper, what came out here, and the word for it."""

    text: str
    verdict: Verdict
    found: str

    @property
    def sentence(self) -> str:
        """For people."""
        return f"{self.text}: **{self.verdict}**. {self.found}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def more(
    text: str,
    one: Sequence[float],
    other: Sequence[float],
    *,
    factor: float = 1.0,
    paper: float | None = None,
    equal: bool = False,
) -> Claim:
    """Whether `one` exceeds `factor` times `other`; values at the same place share a seed.

    paper: the factor that the paper reports, for "stronger" and "weaker". equal: as much counts as well.
    A difference counts where the 95 % bootstrap interval of its mean leaves out zero; below two seeds
    nothing does.
    """
    pairs = list(zip(one, other, strict=False))
    gaps = [a - factor * b for a, b in pairs]
    found = f"{_mean(one)} against {_mean(other)}"
    if factor != 1.0:
        found += f", wanted {factor:g} times as much"
    if len(gaps) < 2:
        return Claim(text, "underpowered", f"{found} (n = {len(gaps)})")
    low, high = bootstrap_interval(gaps)
    found += f"; difference {fmean(gaps):.3g} [{low:.3g}, {high:.3g}], n = {len(gaps)}"
    if high < 0:
        return Claim(text, "opposite", found)
    if low < 0 or (low == 0 and not equal):
        return Claim(text, "underpowered", found)
    if paper is None or not fmean(b for _, b in pairs) > 0:
        return Claim(text, "reproduced", found)
    ratio = fmean(a for a, _ in pairs) / fmean(b for _, b in pairs)
    found += f"; factor {ratio:.3g}, the paper's {paper:.3g}"
    if ratio > NEAR * paper:
        return Claim(text, "stronger", found)
    return Claim(text, "weaker" if ratio < paper / NEAR else "reproduced", found)


def within(text: str, values: Sequence[float], low: float, high: float) -> Claim:
    """Whether every seed's value lies in a range, both ends included."""
    found = f"{_mean(values)} ({', '.join(f'{value:g}' for value in values)})"
    inside = [low <= value <= high for value in values]
    if all(inside) and inside:
        return Claim(text, "reproduced" if len(values) > 1 else "underpowered", f"{found}, n = {len(values)}")
    verdict: Verdict = "opposite" if values and not any(inside) and len(values) > 1 else "underpowered"
    return Claim(text, verdict, f"{found}, n = {len(values)}")


def _mean(values: Sequence[float]) -> str:
    return f"{fmean(values):.4g}" if values and all(map(math.isfinite, values)) else "nothing"
