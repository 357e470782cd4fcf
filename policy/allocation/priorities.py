"""Fleet-DAgger priority functions: how urgently each robot needs a supervisor (Section 4.4).

A priority is finite and not negative: 0 needs nobody, larger is served first. The letters of a scheme name
its tiers, most urgent first: C, robots in violation, the longest waiting leading; U, robots above the
uncertainty threshold, the most uncertain leading; R, robots above the risk threshold, the riskiest leading.
The names are those of Hoque et al., "Fleet-DAgger" (2022), where ties are drawn; here the lower robot number
wins, so that one state always gives one assignment.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

ABOVE_ALL = 1e300
"""Priority of a violation where constraints come first: above every uncertainty, and no digit of one lost."""
ASKS_FIRST = 10.0 * ABOVE_ALL
"""Priority of a robot that waits for somebody to say what happened: an answer takes a moment."""
LARGEST = 1e299
"""Uncertainties above it, infinity among them, count as this."""


def constraint(violated: Bools, waiting: Ints) -> Floats:
    """C.: only robots in violation call, in [0.5, 1); `waiting`, shape (N,), is in steps.

    >>> constraint(np.array([True, True, False]), np.array([0, 2, -1])).tolist()
    [0.5, 0.75, 0.0]
    """
    priorities = np.zeros(len(violated))
    _rank_violations(priorities, violated, waiting, 0.0, 1.0)
    return priorities


def uncertainty_constraint(uncertainty: Floats, threshold: float, violated: Bools, waiting: Ints) -> Floats:
    """U.C., the method of the paper: unsure robots first, in [1, inf), then hard resets.

    uncertainty, shape (N,), is compared with `threshold` [same unit, nats for Jeffreys divergence]. At a
    threshold of 0 every robot calls always, so that supervisors are never freed and only the order of
    uncertainties counts (FrankaCubeStack, Section 7.3.1).

    >>> calm, waiting = np.zeros(2, dtype=bool), np.full(2, -1)
    >>> uncertainty_constraint(np.array([0.2, 3.0]), 1.0, calm, waiting).tolist()
    [0.0, 4.0]
    >>> uncertainty_constraint(np.array([0.2, 3.0]), 0.0, calm, waiting).tolist()
    [1.2, 4.0]
    """
    priorities = _unsure(uncertainty, threshold)
    _rank_violations(priorities, violated, waiting, 0.0, 1.0)
    return priorities


def constraint_uncertainty(uncertainty: Floats, threshold: float, violated: Bools, waiting: Ints) -> Floats:
    """C.U.: hard resets first, then unsure robots; arguments as for U.C."""
    priorities = _unsure(uncertainty, threshold)
    _rank_violations(priorities, violated, waiting, ABOVE_ALL, ABOVE_ALL)
    return priorities


def constraint_uncertainty_risk(
    uncertainty: Floats,
    threshold: float,
    risk: Floats,
    risk_threshold: float,
    violated: Bools,
    waiting: Ints,
) -> Floats:
    """C.U.R.: hard resets, then unsure robots, then robots in danger.

    risk, shape (N,), in [0, 1]: of a safety critic, above `risk_threshold` a robot calls.
    """
    urgent = constraint_uncertainty(uncertainty, threshold, violated, waiting)
    return np.where((urgent == 0) & (risk > risk_threshold), 0.5 * risk, urgent)


def random_help(generator: np.random.Generator, probability: float, violated: Bools, waiting: Ints) -> Floats:
    """Each robot calls with one probability, in random order, then hard resets (IIFL-R, Section 5.2)."""
    calls = (generator.random(len(violated)) < probability) & ~violated
    order = 1.0 + generator.random(len(violated))
    return np.where(calls, order, constraint(violated, waiting))


def _unsure(uncertainty: Floats, threshold: float) -> Floats:
    """1 + uncertainty of robots above the threshold, 0 of others; estimates below zero count as 0."""
    if threshold == 0:
        return 1.0 + np.clip(uncertainty, 0.0, LARGEST)
    priorities = np.zeros(len(uncertainty))
    above = np.flatnonzero(uncertainty > threshold)
    priorities[above] = 1.0 + np.minimum(uncertainty[above], LARGEST)
    return priorities


def _rank_violations(priorities: Floats, violated: Bools, waiting: Ints, base: float, scale: float) -> None:
    """Overwrite the priorities of robots in violation: base + scale · [0.5, 1), growing with the wait."""
    robots = np.flatnonzero(violated)
    priorities[robots] = base + scale * (1.0 - 1.0 / (2.0 + np.maximum(waiting[robots], 0)))
