"""What networks are trained to make small."""

import torch
from torch import Tensor
from torch.nn import functional

from policy.energy.network import Energy


def info_nce(positive: Tensor, negative: Tensor, correction: float = 0.0) -> Tensor:
    """InfoNCE (Eq. 5), mean over the batch: energies of true actions, (B,), and counter-examples, (B, K).

    Its minimum is the density of the data over that of the counter-examples. correction: where these are
    drawn from the energy itself at a temperature T, 1 / T takes -log q = E / T + constant into the logits, as
    a constant (Singh et al., 2023, arXiv 2309.05803), and the minimum is the density of the data again.

    >>> knows_nothing = info_nce(torch.zeros(2), torch.zeros(2, 7))
    >>> round(float(knows_nothing.exp()), 3)  # one of eight
    8.0
    """
    energies = torch.cat([positive[:, None], negative], dim=1).float()  # (B, 1 + K)
    logits = correction * energies.detach() - energies
    return functional.cross_entropy(logits, logits.new_zeros(len(logits), dtype=torch.long))


def gradient_penalty(energy: Energy, states: Tensor, actions: Tensor, margin: float = 1.0) -> Tensor:
    """Mean over B and K of max(0, |dE/da|_inf - margin)^2 at actions, (B, K, A).

    A mean like the loss beside it, so that its weight depends neither on batch nor on counter-examples.
    """
    points = actions.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(energy(states, points).sum(), points, create_graph=True)
    return (slope.abs().amax(dim=-1) - margin).clamp_min(0.0).square().mean()
