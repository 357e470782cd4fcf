"""What one update makes smaller, for every kind of member."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from policy.energy.autoregressive import AutoregressiveHead
from policy.energy.fast import FastEnergy
from policy.energy.head import EnergyHead
from policy.energy.network import Energy, EnergyNetwork
from policy.energy.precision import Precision
from policy.errors import InputError
from policy.learning.contrastive import contrastive_loss
from policy.learning.counter_examples import CounterExampleConfig, draw
from policy.learning.kinds import OwnLoss
from policy.learning.losses import info_nce
from policy.sampling.box import bounds


@dataclass(frozen=True)
class Objective:
    """Of one batch."""

    total: Tensor
    """What is made smaller; carries gradients."""
    penalty: float = 0.0
    """Gradient penalty times its weight, a part of the total."""
    energies: Tensor | None = None
    """(B, 1 + K), the true action first, of implicit policies; without gradients."""
    chance: float = math.inf
    """The total without penalty where nothing is known: log(1 + K) for InfoNCE."""


def objective(
    member: nn.Module,
    observations: Tensor,
    actions: Tensor,
    config: CounterExampleConfig,
    draws: torch.Generator,
    *,
    half: bool,
) -> Objective:
    """The loss of a batch: observations, (B, ...), and actions, (B, A).

    An energy learns by InfoNCE, another member by its own `loss`, or by mean squared error where it has none.
    half: matrix products in bfloat16. Raises InputError where a head and its counter-examples do not fit.
    """
    with torch.autocast(actions.device.type, torch.bfloat16, enabled=half):
        if isinstance(member, EnergyNetwork):
            autoregressive = isinstance(member.head, AutoregressiveHead)
            if autoregressive != (config.kind == "autoregressive"):
                valid = "autoregressive" if autoregressive else "uniform, langevin, derivative_free, refined"
                raise InputError(f"counter-examples are {config.kind}; valid for this network: {valid}")
            return _implicit(member, observations, actions, config, draws, half)
        if isinstance(member, OwnLoss):
            return Objective(member.loss(observations, actions, draws))
        return Objective(functional.mse_loss(member(observations).float(), actions))


def _implicit(
    member: EnergyNetwork,
    observations: Tensor,
    actions: Tensor,
    config: CounterExampleConfig,
    draws: torch.Generator,
    half: bool,
) -> Objective:
    low, high = bounds(-1.0, 1.0, actions.shape[1])
    low, high = low.to(actions.device), high.to(actions.device)
    features = member.encode(observations)
    with torch.autocast(actions.device.type, enabled=False):
        precision: Precision = "bfloat16" if half else "float32"
        energy: Energy = member.head  # spectral norms stand still until the next update
        if isinstance(energy, EnergyHead) and config.kind != "uniform":
            energy = FastEnergy(energy, precision=precision)
        negatives = draw(config, energy, features.float(), low, high, draws)  # (B, K, A)
    if isinstance(member.head, AutoregressiveHead):
        return _by_component(member.head, features, actions, negatives)
    candidates = torch.cat([actions[:, None], negatives], dim=1)  # (B, 1 + K, A)
    chance = math.log(candidates.shape[1])
    if config.penalty:
        with torch.autocast(actions.device.type, enabled=False):
            made = contrastive_loss(
                member.head.weights(),
                features.float(),
                candidates,
                penalty=config.penalty,
                margin=config.margin,
                correction=config.correction,
                half=half,
            )
        return Objective(made.total, config.penalty * made.penalty, made.energies, chance)
    energies = member.head(features, candidates)
    loss = info_nce(energies[:, 0], energies[:, 1:], config.correction)
    return Objective(loss, energies=energies.detach(), chance=chance)


def _by_component(head: AutoregressiveHead, features: Tensor, actions: Tensor, values: Tensor) -> Objective:
    """Sum over components of InfoNCE, each beside the true values of those before it; values, (B, K, A)."""
    count = values.shape[1]
    losses, joint = [], torch.zeros(len(actions), 1 + count, device=actions.device)
    for place, component in enumerate(head.conditionals):
        before = actions[:, None, :place].expand(-1, 1 + count, -1)
        own = torch.cat([actions[:, None, place], values[..., place]], dim=1)  # (B, 1 + K)
        energies = component(features, torch.cat([before, own[..., None]], dim=-1))
        losses.append(info_nce(energies[:, 0], energies[:, 1:]))
        joint += energies.detach()
    return Objective(torch.stack(losses).sum(), energies=joint, chance=len(losses) * math.log(1 + count))
