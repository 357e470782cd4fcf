"""How unsure a policy is."""

from policy.uncertainty.ensemble import ensemble_variance
from policy.uncertainty.estimate import JeffreysEstimate, from_chains, from_importance, from_particles
from policy.uncertainty.jeffreys import SharedEstimate, from_shared, jeffreys_divergence
from policy.uncertainty.partition import (
    PartitionEstimate,
    jeffreys_by_partition,
    partition_function,
)
from policy.uncertainty.threshold import calibrate_threshold

__all__ = [
    "JeffreysEstimate",
    "PartitionEstimate",
    "SharedEstimate",
    "calibrate_threshold",
    "ensemble_variance",
    "from_chains",
    "from_importance",
    "from_particles",
    "from_shared",
    "jeffreys_by_partition",
    "jeffreys_divergence",
    "partition_function",
]
