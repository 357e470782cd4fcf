"""Jeffreys divergence: Identity 1 against quadrature, and what any divergence must be."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from policy import InputError, jeffreys_divergence
from policy.energy import Energy
from policy.sampling import LangevinConfig, bounds, importance
from policy.uncertainty import from_importance

STATES = torch.zeros(3, 1)


def gaussian(x: float, y: float, sigma: float, offset: float = 0.0) -> Energy:
    def energy(states: Tensor, actions: Tensor) -> Tensor:
        return (actions - torch.tensor([x, y])).square().sum(-1) / (2 * sigma**2) + offset

    return energy


def two_modes(share: float) -> Energy:
    def energy(states: Tensor, actions: Tensor) -> Tensor:
        squared = [(actions - torch.tensor([x, 0.0])).square().sum(-1) / (2 * 0.1**2) for x in (-0.5, 0.5)]
        return -torch.logaddexp(math.log(share) - squared[0], math.log(1 - share) - squared[1])

    return energy


def quadrature(p: Energy, q: Energy) -> float:
    """The divergence in [-1, 1]^2 on a fine grid."""
    line = torch.linspace(-1, 1, 601, dtype=torch.float64)
    grid = torch.cartesian_prod(line, line)[None]
    energy_p, energy_q = p(STATES[:1], grid), q(STATES[:1], grid)
    weights = torch.softmax(-energy_p, -1) - torch.softmax(-energy_q, -1)
    return float((weights * (energy_q - energy_p)).sum())


def estimate(p: Energy, q: Energy, seed: int = 0, **options: object) -> tuple[Tensor, Tensor, Tensor]:
    draws = torch.Generator().manual_seed(seed)
    result = jeffreys_divergence(p, q, STATES, [-1, -1], [1, 1], generator=draws, **options)  # type: ignore[arg-type]
    return result.estimate, result.standard_error, result.effective_sample_size


PAIRS = {
    "shifted": (gaussian(0, 0, 0.2), gaussian(0.2, 0.1, 0.2)),
    "sharper": (gaussian(0, 0, 0.1), gaussian(0, 0, 0.2)),
    "sharp, shifted": (gaussian(0.1, 0, 0.05), gaussian(0, 0, 0.07)),
    "broad, cut by the box": (gaussian(0.5, 0, 1.0), gaussian(-0.5, 0, 2.0)),
    "at a corner": (gaussian(0.95, 0.95, 0.1), gaussian(0.8, 0.9, 0.1)),
    "two modes": (two_modes(0.5), two_modes(0.85)),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("method", ["auto", "importance"])
def test_agrees_with_quadrature(name: str, method: str) -> None:
    p, q = PAIRS[name]
    truth = quadrature(p, q)
    values = torch.cat([estimate(p, q, seed, method=method)[0] for seed in range(10)])
    assert float(values.mean()) == pytest.approx(truth, rel=0.1)


def test_second_stage_holds_where_uniform_actions_find_nothing() -> None:
    p, q = gaussian(0.1, 0, 0.03), gaussian(0.1, 0, 0.04)
    _, error, size = estimate(p, q, method="importance")
    pair, draws = (STATES, STATES), torch.Generator().manual_seed(0)
    one_stage = from_importance(importance((p, q), pair, *bounds(-1, 1, 2), draws, two_stages=False))
    assert (size > 3 * one_stage.effective_sample_size).all()
    assert (error < one_stage.standard_error).all()


def test_standard_error_covers_the_truth() -> None:
    p, q = PAIRS["shifted"]
    truth = quadrature(p, q)
    inside = []
    for seed in range(30):
        value, error, _ = estimate(p, q, seed)
        inside += ((value - truth).abs() < 2 * error).tolist()
    assert 0.85 < np.mean(inside) <= 1.0


def test_is_symmetric_zero_on_itself_blind_to_offsets_and_never_negative() -> None:
    p, q = PAIRS["shifted"]
    forth, back = estimate(p, q, 3)[0], estimate(q, p, 3)[0]
    torch.testing.assert_close(forth, back)
    assert (estimate(p, gaussian(0, 0, 0.2, offset=-100.0), 3)[0] < 1e-3).all()
    torch.testing.assert_close(
        estimate(p, gaussian(0.2, 0.1, 0.2, offset=-100.0), 3)[0], forth, rtol=1e-3, atol=1e-3
    )
    near = gaussian(0.001, 0, 0.2)
    assert all((estimate(p, near, seed)[0] >= 0).all() for seed in range(10))


def test_langevin_method_agrees_on_a_mild_pair_at_temperature_one() -> None:
    p, q = gaussian(0, 0, 0.25), gaussian(0.2, 0, 0.25)
    config = LangevinConfig(samples=2048, first_step=0.02, last_step=0.002)
    value = estimate(p, q, method="langevin", langevin_config=config)[0]
    assert float(value.mean()) == pytest.approx(quadrature(p, q), rel=0.15)


def test_bounds_and_methods_are_checked() -> None:
    p, q = PAIRS["shifted"]
    with pytest.raises(InputError, match="valid are auto, importance, langevin, mala, annealed"):
        estimate(p, q, method="guess")
    with pytest.raises(InputError, match="low must lie below high"):
        jeffreys_divergence(p, q, STATES, [1, 1], [-1, 1], generator=torch.Generator())
