"""Explicit policies: behaviour cloning and its ensembles, and mixtures of Gaussians."""

from policy.explicit.mixture import MixturePolicy
from policy.explicit.mixture_network import Mixture, MixtureNetwork
from policy.explicit.network import ExplicitNetwork
from policy.explicit.policy import ExplicitPolicy

__all__ = ["ExplicitNetwork", "ExplicitPolicy", "Mixture", "MixtureNetwork", "MixturePolicy"]
