"""The uncertainty threshold û as a run uses it: a fixed number, or one that follows what the fleet shows.

The number itself is a percentile of an unassisted fleet's uncertainties (`policy.uncertainty.threshold`).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from policy.errors import InputError

BINS_PER_DECADE = 64
SMALLEST, DECADES = 1e-9, 18
"""Uncertainties from 1e-9 to 1e9 are told apart to within a factor of 10^(1/64), 3.7 %."""
BINS = BINS_PER_DECADE * DECADES + 1
"""Bin 0 holds what is below the smallest; the last bin also holds all above."""


def check_threshold(threshold: float, name: str = "uncertainty_threshold") -> float:
    """The threshold itself; raises InputError where it is negative or NaN."""
    if math.isnan(threshold) or threshold < 0:
        raise InputError(f"{name} is {threshold!r}; valid is a number that is not negative")
    return threshold


@dataclass(frozen=True)
class UncertaintyCounts:
    """How often uncertainties of each size were seen: a running quantile in bounded memory.

    Counts do not depend on the order in which values came, and whole numbers survive JSON exactly.

    >>> counts = UncertaintyCounts.empty().after(np.arange(1.0, 1001.0))
    >>> counts.total, round(counts.quantile(0.99) / 990, 1)
    (1000, 1.0)
    """

    counts: NDArray[np.int64]
    """(BINS,), in bins of equal ratio."""

    def __post_init__(self) -> None:
        if self.counts.shape != (BINS,) or (self.counts < 0).any():
            raise InputError(
                f"counts of uncertainties have shape {self.counts.shape}; valid is ({BINS},), none negative"
            )

    @classmethod
    def empty(cls) -> "UncertaintyCounts":
        """Before anything was seen."""
        return cls(np.zeros(BINS, dtype=np.int64))

    @property
    def total(self) -> int:
        """Uncertainties seen."""
        return int(self.counts.sum())

    def after(self, uncertainties: ArrayLike) -> "UncertaintyCounts":
        """With more uncertainties, of any shape; raises InputError for NaN."""
        values = np.asarray(uncertainties, dtype=np.float64).ravel()
        if np.isnan(values).any():
            raise InputError(f"{int(np.isnan(values).sum())} of {len(values)} uncertainties are NaN")
        scale = BINS_PER_DECADE * np.log10(np.clip(values, SMALLEST / 2, SMALLEST * 10**DECADES) / SMALLEST)
        bins = np.clip(np.floor(scale).astype(np.int64) + 1, 0, BINS - 1)
        return UncertaintyCounts(self.counts + np.bincount(bins, minlength=BINS))

    def quantile(self, share: float) -> float:
        """The uncertainty below which this share of all lies, to within one bin; 0 where it is negligible.

        Raises InputError before anything was seen and for a share outside 0 to 1.
        """
        if not 0 <= share <= 1:
            raise InputError(f"share is {share!r}; valid is 0 to 1")
        if not self.total:
            raise InputError("no uncertainty was seen; a quantile needs at least one")
        reached = np.cumsum(self.counts)
        rank = share * reached[-1]
        place = int(np.searchsorted(reached, rank, side="left"))
        place = max(place, int(np.flatnonzero(self.counts)[0]))
        if place == 0:
            return 0.0
        within = (rank - (reached[place] - self.counts[place])) / self.counts[place]
        return float(SMALLEST * 10 ** ((place - 1 + min(max(within, 0.0), 1.0)) / BINS_PER_DECADE))
