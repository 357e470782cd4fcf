"""The hand-written loss is the one that autograd would work out."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from policy import EnergyNetwork, NetworkConfig
from policy.learning import contrastive, contrastive_loss, gradient_penalty

SIZE = NetworkConfig((5,), 3, width=24, state_depth=4)
VARIANTS = [
    NetworkConfig((5,), 3, width=24, state_depth=1),
    SIZE,
    NetworkConfig((5,), 3, width=24, state_depth=3, spectral_norm=True),
    NetworkConfig((5,), 3, width=24, state_depth=4, architecture="residual"),
    NetworkConfig((5,), 3, width=24, state_depth=3, prior_width=16),
    NetworkConfig(
        (5,), 3, width=24, state_depth=4, prior_width=8, architecture="residual", spectral_norm=True
    ),
    NetworkConfig((5,), 3, width=24, state_depth=4, architecture="residual", spectral_norm=True),
]


def steep(config: NetworkConfig, factor: float) -> EnergyNetwork:
    """A network whose slopes are beyond the penalty's margin in some places and below it in others."""
    torch.manual_seed(0)
    network = EnergyNetwork(config).double()
    with torch.no_grad():
        network.head.rest[-1].weight *= factor  # type: ignore[union-attr, operator]
    return network


def batch() -> tuple[Tensor, Tensor]:
    draws = torch.Generator().manual_seed(1)
    features = torch.randn((40, 5), generator=draws).double().requires_grad_(True)
    return features, (torch.rand((40, 9, 3), generator=draws) * 2 - 1).double()


@pytest.mark.parametrize(
    "config", VARIANTS, ids=lambda config: f"{config.architecture} {config.state_depth} {config.prior_width}"
)
@pytest.mark.parametrize(
    ("penalty", "margin", "correction"), [(0.0, 1.0, 0.0), (0.7, 1.0, 0.0), (0.7, 2.0, 0.6)]
)
def test_gradients_by_hand_are_those_of_autograd(
    config: NetworkConfig, penalty: float, margin: float, correction: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contrastive, "_ROWS", 100)  # several chunks, the last one shorter
    network = steep(config, 60.0 * margin)
    features, candidates = batch()
    energies = network.head(features, candidates)
    logits = correction * energies.detach() - energies
    loss = functional.cross_entropy(logits, torch.zeros(40, dtype=torch.long))
    excess = gradient_penalty(network.head, features, candidates[:, 1:], margin)
    assert float(excess.detach()) > 0.01
    wanted = [features, *(one for one in network.head.parameters() if one.requires_grad)]
    expected = torch.autograd.grad(loss + penalty * excess, wanted)
    made = contrastive_loss(
        network.head.weights(), features, candidates, penalty=penalty, margin=margin, correction=correction
    )
    for one, other in zip(torch.autograd.grad(made.total, wanted), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)
    assert made.info_nce == pytest.approx(float(loss.detach()))
    assert made.penalty == pytest.approx(float(excess.detach()))
    torch.testing.assert_close(made.energies, energies.detach())


def test_the_weight_of_the_loss_reaches_every_gradient() -> None:
    network = steep(SIZE, 60.0)
    features, candidates = batch()
    parameters = list(network.head.parameters())

    def gradients(factor: float) -> tuple[Tensor, ...]:
        made = contrastive_loss(network.head.weights(), features, candidates, penalty=1.0)
        return torch.autograd.grad(factor * made.total, parameters)

    for one, three in zip(gradients(1.0), gradients(3.0), strict=True):
        torch.testing.assert_close(3.0 * one, three)


def test_bfloat16_strays_no_farther_than_autocast_does() -> None:
    network = steep(SIZE, 60.0).float()
    features, candidates = (part.detach().float() for part in batch())
    parameters = list(network.head.parameters())

    def by_hand(half: bool) -> Tensor:
        made = contrastive_loss(network.head.weights(), features, candidates, penalty=1.0, half=half)
        return torch.cat([part.flatten() for part in torch.autograd.grad(made.total, parameters)])

    with torch.autocast("cpu", torch.bfloat16):
        energies = network.head(features, candidates)
        loss = functional.cross_entropy(-energies.float(), torch.zeros(40, dtype=torch.long))
        loss = loss + gradient_penalty(network.head, features, candidates[:, 1:])
    usual = torch.cat([part.flatten() for part in torch.autograd.grad(loss, parameters)])
    exact = by_hand(False)
    assert exact.dtype == torch.float32
    assert 0 < float((by_hand(True) - exact).norm()) < 1.2 * float((usual - exact).norm())
