"""Fleet-DAgger priority functions: how urgently each robot needs a supervisor (Section 4.4).

A priority lies in [0, inf): 0 needs nobody, larger is served first. Robots in violation wait for a hard
reset and have priorities in (0, 1), the longest waiting first; a call that ranks above them is 1 or more.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def constraint(violated: Bools, waiting: Ints) -> Floats:
    """C.: only robots in violation call for help; `waiting`, shape (N,), is in steps."""
    patience = 1.0 - 1.0 / (2.0 + np.maximum(waiting, 0))
    return np.where(violated, patience, 0.0)


def uncertainty_constraint(uncertainty: Floats, threshold: float, violated: Bools, waiting: Ints) -> Floats:
    """U.C.: robots above the uncertainty threshold first, the most uncertain leading, then hard resets.

    uncertainty, shape (N,), is compared with `threshold` [same unit, nats for Jeffreys divergence].
    """
    unsure = (uncertainty > threshold) & ~violated
    return np.where(unsure, 1.0 + uncertainty, constraint(violated, waiting))


def random_help(generator: np.random.Generator, probability: float, violated: Bools, waiting: Ints) -> Floats:
    """Each robot calls with one probability, in random order, then hard resets (IIFL-R, Section 5.2)."""
    calls = (generator.random(len(violated)) < probability) & ~violated
    order = 1.0 + generator.random(len(violated))
    return np.where(calls, order, constraint(violated, waiting))
