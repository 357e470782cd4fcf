"""Metropolis-adjusted chains sample the density itself, whatever each state's looks like."""

import pytest
import torch

from policy import InputError
from policy.sampling import LangevinConfig, MalaConfig, bounds, langevin, mala
from tests.policy.analytic import ELSEWHERE, SQUARE, batch, gaussian, mixture, numbers, rotated
from tests.policy.moments import critical_distance, distance_to_density

DENSITIES = [
    gaussian([1.0], 0.3),
    gaussian([0.05], 0.02),
    gaussian([3.0], 2.0),
    mixture([1.0], [([2.9], 0.2)]),
]
"""In [0, 3]: well inside, sharp near a bound, broad and cut, and a peak that the bound cuts."""


def test_every_state_follows_its_own_density_in_one_batch() -> None:
    low, high = bounds([0.0], [3.0])
    config = MalaConfig(samples=1500, burn_in=80, iterations=60)
    draws = torch.Generator().manual_seed(0)
    samples, found = mala(batch(DENSITIES), numbers(4), low, high, draws, config)
    for own, density in zip(samples[..., 0], DENSITIES, strict=True):
        assert distance_to_density(own, density, 0.0, 3.0) < critical_distance(1500)
    assert ((found.acceptance > 0.4) & (found.acceptance < 0.8)).all()
    assert found.scale[1] < 0.1 * found.scale[0]
    torch.testing.assert_close(found.energies, batch(DENSITIES)(numbers(4), samples))


def test_the_comparison_tells_a_biased_sampler_from_an_exact_one() -> None:
    low, high = bounds([0.0], [3.0])
    config = LangevinConfig(samples=1500, iterations=140, first_step=0.05, last_step=0.05)
    draws = torch.Generator().manual_seed(0)
    samples, _ = langevin(batch(DENSITIES[:1]), numbers(1), low, high, draws, config)
    assert distance_to_density(samples[0, :, 0], gaussian([1.0], 0.4), 0.0, 3.0) > critical_distance(1500)
    cut, _ = langevin(batch(DENSITIES[2:3]), numbers(1), low, high, draws, config)
    assert distance_to_density(cut[0, :, 0], DENSITIES[2], 0.0, 3.0) > critical_distance(1500)


def test_small_langevin_steps_come_near_the_density() -> None:
    low, high = bounds([0.0], [3.0])
    config = LangevinConfig(samples=1500, iterations=150, first_step=0.05, last_step=0.002)
    samples, _ = langevin(
        batch(DENSITIES[:1]), numbers(1), low, high, torch.Generator().manual_seed(1), config
    )
    assert distance_to_density(samples[0, :, 0], DENSITIES[0], 0.0, 3.0) < critical_distance(1500)


def test_correlated_density_and_temperature() -> None:
    energy = batch([rotated([0.1, 0.0], 0.3, 0.06, 0.5)])
    low, high = bounds(*SQUARE)
    for temperature in (1.0, 0.25):
        config = MalaConfig(samples=2000, burn_in=100, iterations=200, temperature=temperature)
        samples, _ = mala(energy, numbers(1), low, high, torch.Generator().manual_seed(2), config)
        axis = torch.tensor([0.8776, 0.4794])  # cos, sin of 0.5
        along = samples[0] @ axis
        across = samples[0] @ torch.tensor([-0.4794, 0.8776])
        assert float(along.std()) == pytest.approx(0.3 * temperature**0.5, rel=0.06)
        assert float(across.std()) == pytest.approx(0.06 * temperature**0.5, rel=0.06)


def test_bounds_may_differ_from_component_to_component() -> None:
    pair = ELSEWHERE["bounds of each component"]
    samples, _ = mala(
        batch([pair.p]), numbers(1), *bounds(pair.low, pair.high), torch.Generator().manual_seed(3)
    )
    mean, spread = samples[0].mean(0), samples[0].std(0)
    torch.testing.assert_close(mean, torch.tensor([0.01, 40.0]), rtol=0.03, atol=0)
    torch.testing.assert_close(spread, torch.tensor([0.002, 5.0]), rtol=0.12, atol=0)


def test_impossible_configurations_are_refused() -> None:
    with pytest.raises(InputError, match="iterations 0 must be at least 1"):
        MalaConfig(iterations=0)
    with pytest.raises(InputError, match=r"temperature 0\.0 must be above 0"):
        MalaConfig(temperature=0.0)
