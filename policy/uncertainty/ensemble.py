"""Disagreement of an ensemble of explicit policies."""

import numpy as np
from numpy.typing import NDArray


def ensemble_variance(actions: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean over action components of the members' variance: (M, N, A) to (N,); zeros for one member."""
    variance: NDArray[np.float64] = actions.astype(np.float64).var(axis=0).mean(axis=-1)
    return variance
