"""Explicit policies: behaviour cloning and its ensembles."""

from policy.explicit.network import ExplicitNetwork
from policy.explicit.policy import ExplicitPolicy

__all__ = ["ExplicitNetwork", "ExplicitPolicy"]
