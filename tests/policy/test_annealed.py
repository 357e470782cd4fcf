"""Annealing weighs modes, however sharp and however many, and knows the partition function by the way."""

import math

import pytest
import torch

from policy import InputError
from policy.sampling import AnnealedConfig, ImportanceConfig, annealed_smc, bounds, importance
from tests.policy.analytic import SQUARE, batch, gaussian, mixture, numbers
from tests.policy.moments import critical_distance, distance_to_density

LINE = [
    gaussian([-4.0], 0.01),
    gaussian([2.0], 3.0),
    mixture([0.3, 0.7], [([-3.0], 0.05), ([1.5], 0.2)]),
    gaussian([-1.0], 0.5, offset=1e4),
]
"""In [-5, 2]: sharp, broad and cut, two modes, far from zero."""


def test_independent_runs_sample_each_states_density() -> None:
    """One particle of each of many runs: particles of one run depend on each other, runs do not."""
    runs, low, high = 300, *bounds([-5.0], [2.0])
    densities = [density for density in LINE for _ in range(runs)]
    config = AnnealedConfig(particles=128)
    samples, _ = annealed_smc(_many(runs), numbers(len(densities)), low, high, _draws(0), config)
    chosen = torch.randint(128, (len(samples), 1, 1), generator=_draws(9))  # resampling leaves an order
    drawn = samples.gather(1, chosen)[:, 0, 0]
    for own, density in zip(drawn.view(len(LINE), runs), LINE, strict=True):
        assert distance_to_density(own, density, -5.0, 2.0) < critical_distance(runs)


def test_partition_function_and_its_standard_error() -> None:
    runs, low, high = 100, *bounds([-5.0], [2.0])
    _, found = annealed_smc(
        _many(runs), numbers(4 * runs), low, high, _draws(1), AnnealedConfig(particles=128)
    )
    log_z, error = (value.view(4, runs) for value in (found.log_z, found.log_z_error))
    line = torch.linspace(-5, 2, 200001, dtype=torch.float64)
    for row, density in enumerate(LINE):
        values = -density(line[:, None])
        truth = float(torch.logsumexp(values, 0)) + math.log(7 / 200000)
        assert float((log_z[row] - truth).exp().mean()) == pytest.approx(1.0, abs=0.12)
        covered = ((log_z[row] - truth).abs() < 2 * error[row]).float().mean()
        assert 0.85 < float(covered) <= 1.0


def test_a_state_needs_as_many_temperatures_as_its_own_energy() -> None:
    densities = [gaussian([0, 0], 5.0), gaussian([0, 0], 0.2), gaussian([0, 0], 0.005)]
    low, high = bounds(*SQUARE)
    samples, found = annealed_smc(batch(densities), numbers(3), low, high, _draws(2))
    needed = found.temperatures.tolist()
    assert needed[0] == 1 < needed[1] < needed[2] < 15
    assert samples.abs().max() <= 1
    torch.testing.assert_close(samples[2].std(0), torch.full((2,), 0.005), rtol=0.25, atol=0)
    alone, _ = annealed_smc(batch(densities[2:]), numbers(1), low, high, _draws(2))
    torch.testing.assert_close(alone.std(1), samples[2:].std(1), rtol=0.3, atol=0)


def test_a_cap_on_temperatures_shows_in_the_error() -> None:
    energy, (low, high) = batch([gaussian([0, 0], 0.01)]), bounds(*SQUARE)
    _, free = annealed_smc(energy, numbers(1), low, high, _draws(3))
    _, capped = annealed_smc(energy, numbers(1), low, high, _draws(3), AnnealedConfig(temperatures=2))
    assert int(capped.temperatures) == 2 < int(free.temperatures)
    assert capped.log_z_error > 1.2 * free.log_z_error


def test_without_resampling_weights_say_how_many_particles_count() -> None:
    config = AnnealedConfig(particles=64, resample_below=0.0)
    _, found = annealed_smc(
        batch([gaussian([0.0, 0.0], 0.1)]), numbers(1), *bounds(*SQUARE), _draws(4), config
    )
    assert 1 <= float(found.effective_sample_size) < 64
    assert torch.equal(found.families, torch.arange(64)[None])
    torch.testing.assert_close(found.weights.sum(1), torch.ones(1))


def test_first_particles_may_come_from_any_density_that_is_named() -> None:
    """Half of them packed round one of two modes must not make that mode heavier."""
    density = mixture([0.5, 0.5], [([-0.5, 0], 0.1), ([0.5, 0], 0.1)])
    states, (low, high) = numbers(40), bounds(*SQUARE)
    uniform = torch.rand((40, 512, 2), generator=_draws(5)) * 2 - 1
    packed = uniform.clone()
    packed[:, 256:] = 0.25 * packed[:, 256:] + torch.tensor([0.5, 0.0])  # a sixteenth of the area
    inside = ((packed - torch.tensor([0.5, 0.0])).abs() <= 0.25).all(-1)
    log_density = torch.where(inside, 0.5 + 0.5 * 16, 0.5).log()
    samples, _ = annealed_smc(
        batch([density] * 40), states, low, high, _draws(6), start=packed, start_log_density=log_density
    )
    assert float((samples[..., 0] > 0).float().mean()) == pytest.approx(0.5, abs=0.03)
    assert packed[:, :, 0].gt(0).float().mean() > 0.7


def test_resampled_importance_samples_follow_the_density_too() -> None:
    low, high = bounds([-5.0], [2.0])
    runs, density = 400, LINE[2]
    found = importance(
        [batch([density] * runs)], [numbers(runs)], low, high, _draws(7), ImportanceConfig(), two_stages=True
    )
    drawn = found.draw(0, 1.0, _draws(8))[:, 0]
    assert distance_to_density(drawn, density, -5.0, 2.0) < critical_distance(runs)


def test_impossible_configurations_are_refused() -> None:
    with pytest.raises(InputError, match="particles 1 must be at least 2"):
        AnnealedConfig(particles=1)
    with pytest.raises(InputError, match=r"keep 1\.0 must lie between 0 and 1"):
        AnnealedConfig(keep=1.0)
    with pytest.raises(InputError, match=r"start_log_density has shape \(1, 3\)"):
        annealed_smc(
            batch([gaussian([0.0], 1.0)]),
            numbers(1),
            *bounds([-1.0], [1.0]),
            _draws(0),
            start=torch.zeros(1, 4, 1),
            start_log_density=torch.zeros(1, 3),
        )


def _draws(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _many(runs: int):  # type: ignore[no-untyped-def]
    """`batch` of each density in LINE `runs` times over, evaluated block by block."""

    def energy(states: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        which = states[:, 0].long() // runs
        found = torch.empty(actions.shape[:2])
        for number, density in enumerate(LINE):
            rows = which == number
            found = torch.where(rows[:, None], density(actions), found)
        return found

    return energy
