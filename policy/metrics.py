"""What a fleet achieved and what it cost in human effort, with every definition named."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist

import numpy as np

from policy.errors import InputError


@dataclass(frozen=True)
class Totals:
    """Cumulative counts of one run."""

    reward_total: float = 0.0
    """Sum of rewards over robots and steps."""
    successes: int = 0
    """Goals reached or episodes completed, as the task reports them."""
    autonomous_successes: int = 0
    """Successes with no supervisor assigned since the episode (or goal) began."""
    violations: int = 0
    """Constraint violations; each waits for a hard reset."""
    hard_resets: int = 0
    """Hard resets completed."""
    calls: int = 0
    """Assignments begun: a supervisor was given a robot that called for help."""
    human_actions: int = 0
    """Robot-steps with a supervisor assigned, hard-reset steps included: the sum of Eq. 3's norm."""
    teleoperation_actions: int = 0
    """`human_actions` without the hard-reset steps."""
    interventions: int = 0
    """Supervisor actions that a robot executed."""
    idle_robot_steps: int = 0
    """Robot-steps in which a robot held still, waiting for a supervisor or for a reset."""
    motions: int = 0
    """Robot-steps in which a robot moved, each as long as its motion took."""
    switches: int = 0
    """Times a supervisor was given another robot than the one before; the first robot of each counts."""


def rohe(totals: Totals, robots: int, supervisors: int) -> float:
    """Return on human effort, Eq. 3: (M / N) * sum of the mean reward over robots / (1 + human actions)."""
    return supervisors / robots * (totals.reward_total / robots) / (1 + totals.human_actions)


def rohe_released(totals: Totals) -> float:
    """Total reward / (1 + human actions): what the published tables print."""
    return totals.reward_total / (1 + totals.human_actions)


def average_reward(totals: Totals, robots: int, steps: float, episode_length: int) -> float:
    """Reward per robot per episode length."""
    return totals.reward_total * episode_length / (steps * robots) if steps else 0.0


def summarise(
    totals: Totals, *, robots: int, supervisors: int, steps: float, episode_length: int
) -> dict[str, float]:
    """Every count and derived figure by name, after `steps` fleet steps."""
    return {
        **asdict(totals),
        "average_reward": average_reward(totals, robots, steps, episode_length),
        "idle_share": totals.idle_robot_steps / (steps * robots) if steps else 0.0,
        "rohe": rohe(totals, robots, supervisors),
        "rohe_released": rohe_released(totals),
    }


def bootstrap_interval(
    values: Sequence[float], level: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """Confidence interval of the mean of independent values, one per seed of an experiment.

    Bias-corrected and accelerated bootstrap (BCa; Efron, 1987): quantiles of resampled means, moved for skew.
    Below about ten values it covers less than its level says: three seeds give a hint, no proof. Raises
    InputError for fewer than two values, values that are not finite, a level outside (0, 1), no resamples.

    >>> low, high = bootstrap_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    >>> 1 < low < 3 < high < 5
    True
    """
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or len(column) < 2 or not np.isfinite(column).all():
        raise InputError(f"values are {column.tolist()}; valid are two or more finite numbers")
    if not 0 < level < 1:
        raise InputError(f"level is {level}; valid is above 0 and below 1")
    if resamples < 1:
        raise InputError(f"resamples is {resamples}; valid is at least 1")
    mean = column.mean()
    rest = (column.sum() - column) / (len(column) - 1)  # means without one value each
    lean = rest.mean() - rest
    if not (lean**2).sum():
        return float(mean), float(mean)
    draws = np.random.default_rng(seed).integers(0, len(column), (resamples, len(column)))
    means = column[draws].mean(axis=1)
    normal = NormalDist()
    below = (means < mean).mean() + (means == mean).mean() / 2
    bias = normal.inv_cdf(float(np.clip(below, 0.5 / resamples, 1 - 0.5 / resamples)))
    acceleration = float((lean**3).sum() / (6 * (lean**2).sum() ** 1.5))

    def end(share: float) -> float:
        shifted = bias + normal.inv_cdf(share)
        return float(np.quantile(means, normal.cdf(bias + shifted / (1 - acceleration * shifted))))

    return end((1 - level) / 2), end((1 + level) / 2)
