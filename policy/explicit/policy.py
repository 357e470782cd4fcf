"""Behaviour cloning: the mean of one or several explicit networks acts, their variance is uncertainty."""

import numpy as np
import torch
from torch import nn

from policy.decision import Decision, as_observations
from policy.energy.config import PolicyConfig
from policy.explicit.network import ExplicitNetwork
from policy.uncertainty.ensemble import ensemble_variance


class ExplicitPolicy(nn.Module):
    """pi(s) = mean over members: one member without bootstrap is behaviour cloning, five with are IFL's."""

    kind = "explicit"

    def __init__(self, config: PolicyConfig | None = None, *, seed: int = 0) -> None:
        super().__init__()
        self.config = config or PolicyConfig(members=1, bootstrap=False)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.members = nn.ModuleList(
                ExplicitNetwork(self.config.network) for _ in range(self.config.members)
            )
        self.eval()

    @property
    def estimator(self) -> str:
        """Name of how uncertainty is estimated; a threshold is valid for one estimator only."""
        return "ensemble-variance" if len(self.members) > 1 else "none"

    @torch.inference_mode()
    def decide(
        self, observations: object, generator: torch.Generator | int = 0, *, uncertainty: bool = True
    ) -> Decision:
        """Actions and uncertainties for N observations; nothing is drawn, the generator is left alone.

        Raises InputError for observations that do not fit.
        """
        device = next(self.parameters()).device
        states = as_observations(observations, self.config.network).to(device)
        actions = np.stack(
            [np.clip(member(states).cpu().numpy(), -1.0, 1.0) for member in self.members]
        )  # (M, N, A)
        zeros = np.zeros(actions.shape[1])
        return Decision(
            actions.mean(axis=0).astype(np.float32),
            ensemble_variance(actions) if uncertainty else zeros,
            zeros,
            np.full_like(zeros, np.inf),
        )
