"""Samplers match known densities and find known minima."""

import pytest
import torch
from torch import Tensor

from policy import InputError
from policy.sampling import (
    PUBLISHED,
    DerivativeFreeConfig,
    ImportanceConfig,
    LangevinConfig,
    bounds,
    derivative_free,
    importance,
    langevin,
)

LOW, HIGH = bounds(-1.0, 1.0, 2)


def bowl(states: Tensor, actions: Tensor) -> Tensor:
    """A Gaussian of sigma 0.2 whose mean is the state, (B, 2)."""
    return (actions - states[:, None]).square().sum(-1) / (2 * 0.2**2)


def test_derivative_free_search_finds_each_states_minimum_and_stays_in_the_box() -> None:
    states = torch.tensor([[0.3, -0.7], [0.0, 0.99], [1.5, 0.0]])
    survivors, minimum = derivative_free(bowl, states, LOW, HIGH, torch.Generator().manual_seed(0))
    torch.testing.assert_close(minimum.actions, states.clamp(-1, 1), atol=0.02, rtol=0)
    assert survivors.shape == (3, 16, 2)
    assert survivors.abs().max() <= 1
    torch.testing.assert_close(minimum.energies, bowl(states, minimum.actions[:, None])[:, 0])


def test_rounds_improve_on_uniform_actions() -> None:
    states = torch.rand(20, 2, generator=torch.Generator().manual_seed(5)) - 0.5
    runs = [
        derivative_free(
            bowl, states, LOW, HIGH, torch.Generator().manual_seed(0), DerivativeFreeConfig(iterations=n)
        )
        for n in (0, 4)
    ]
    assert runs[1][1].energies.mean() < 0.2 * runs[0][1].energies.mean()


@pytest.mark.parametrize("scale", [1.0, 0.33])
def test_langevin_samples_at_the_temperature_it_says(scale: float) -> None:
    config = LangevinConfig(samples=4000, first_step=0.01, last_step=0.001, noise_scale=scale)
    states = torch.tensor([[0.1, -0.2]])
    samples, diagnostics = langevin(bowl, states, LOW, HIGH, torch.Generator().manual_seed(0), config)
    torch.testing.assert_close(samples.mean(1), states, atol=0.02, rtol=0)
    expected = 0.2 * config.temperature**0.5
    torch.testing.assert_close(samples.std(1), torch.full((1, 2), expected), rtol=0.15, atol=0)
    assert diagnostics.energies.shape == (1, 4000)


def test_published_steps_are_those_of_table_3() -> None:
    assert (PUBLISHED.samples, PUBLISHED.iterations) == (512, 100)
    assert PUBLISHED.step(0) == pytest.approx(0.1)
    assert PUBLISHED.step(99) == pytest.approx(1e-5)
    assert PUBLISHED.step(49) == pytest.approx(1e-5 + (0.1 - 1e-5) * (50 / 99) ** 2)
    assert PUBLISHED.temperature == pytest.approx(0.1089)


@pytest.mark.parametrize("two_stages", [False, True])
def test_importance_weights_give_the_known_mean_and_variance(two_stages: bool) -> None:
    states = torch.tensor([[0.1, -0.2]]).expand(50, 2)
    draws = torch.Generator().manual_seed(0)
    result = importance([bowl], [states], LOW, HIGH, draws, ImportanceConfig(), two_stages=two_stages)
    torch.testing.assert_close(result.weights.sum(-1), torch.ones(1, 50))
    mean = (result.weights[0, ..., None] * result.actions).sum(1)  # (50, 2)
    torch.testing.assert_close(mean.mean(0), states[0], atol=0.01, rtol=0)
    spread = (result.weights[0, ..., None] * (result.actions - states[:, None]).square()).sum(1)
    torch.testing.assert_close(spread.mean(0), torch.full((2,), 0.04), rtol=0.1, atol=0)


def test_second_stage_raises_the_effective_sample_size() -> None:
    states = torch.zeros(8, 2)
    sizes = [
        importance(
            [bowl], [states], LOW, HIGH, torch.Generator().manual_seed(0), two_stages=choice
        ).effective_sample_size.mean()
        for choice in (False, True)
    ]
    assert sizes[1] > 3 * sizes[0]


def test_equal_generators_give_equal_samples_and_leave_the_global_one_alone() -> None:
    before = torch.get_rng_state()
    states = torch.zeros(2, 2)
    one, two = (
        derivative_free(bowl, states, LOW, HIGH, torch.Generator().manual_seed(4))[0] for _ in range(2)
    )
    assert torch.equal(one, two)
    langevin(bowl, states, LOW, HIGH, torch.Generator(), LangevinConfig(samples=4, iterations=2))
    importance([bowl], [states], LOW, HIGH, torch.Generator())
    assert torch.equal(before, torch.get_rng_state())


def test_impossible_configurations_are_refused() -> None:
    with pytest.raises(InputError, match="samples 4 must be at least survivors 16"):
        DerivativeFreeConfig(samples=4)
    with pytest.raises(InputError, match="last"):
        LangevinConfig(first_step=0.01, last_step=0.1)
