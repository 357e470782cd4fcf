"""How unsure a policy is."""

from policy.uncertainty.ensemble import ensemble_variance
from policy.uncertainty.jeffreys import JeffreysEstimate, from_importance, jeffreys_divergence
from policy.uncertainty.threshold import calibrate_threshold

__all__ = [
    "JeffreysEstimate",
    "calibrate_threshold",
    "ensemble_variance",
    "from_importance",
    "jeffreys_divergence",
]
