"""The uncertainty threshold: above it, a robot calls for help."""

import numpy as np
from numpy.typing import ArrayLike

from policy.errors import InputError

PERCENTILE = 99.0
"""Of the uncertainties that an unassisted fleet shows (Section 7.3.1)."""


def calibrate_threshold(uncertainties: ArrayLike, percentile: float = PERCENTILE) -> float:
    """The percentile of uncertainties of any shape: one number, for one estimator and one set of weights.

    Estimates of a divergence may fall below zero, though the divergence cannot. Raises InputError for none,
    for a value that is not finite, a percentile outside 0 to 100, and a threshold that would be negative.
    """
    values = np.asarray(uncertainties, dtype=np.float64).ravel()
    if not len(values) or not np.isfinite(values).all():
        raise InputError(f"{len(values)} uncertainties: there must be some, and all finite")
    if not 0 <= percentile <= 100:
        raise InputError(f"percentile is {percentile}; valid is 0 to 100")
    threshold = float(np.percentile(values, percentile))
    if threshold < 0:
        raise InputError(
            f"uncertainty_threshold is {threshold:.3g}, percentile {percentile:g} of what was seen; valid is "
            "a number that is not negative: choose a higher percentile"
        )
    return threshold
