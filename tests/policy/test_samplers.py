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
    MalaConfig,
    annealed_smc,
    bounds,
    derivative_free,
    importance,
    langevin,
    mala,
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


SAMPLERS = {
    "langevin": lambda *given: langevin(*given, LangevinConfig(samples=8, iterations=2)),
    "mala": lambda *given: mala(*given, MalaConfig(samples=8, burn_in=1, iterations=1)),
    "derivative_free": derivative_free,
    "annealed_smc": annealed_smc,
    "importance": lambda energy, states, *given: importance([energy], [states], *given),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_bad_energies_states_and_bounds_are_named(name: str) -> None:
    sample, draws, states = SAMPLERS[name], torch.Generator(), torch.zeros(3, 2)

    def broken(states: Tensor, actions: Tensor) -> Tensor:
        found = bowl(states, actions)
        return torch.where(torch.arange(3)[:, None] == 2, found / 0.0, found)

    with pytest.raises(InputError, match="NaN or infinite in state 2, one of 1"):
        sample(broken, states, LOW, HIGH, draws)
    with pytest.raises(InputError, match=r"energies have shape \(3,\) for actions \(3, \d+, 2\)"):
        sample(lambda states, actions: bowl(states, actions).sum(1), states, LOW, HIGH, draws)
    with pytest.raises(InputError, match=r"low is \[1.0, 1.0\] and high \[-1.0, -1.0\]; valid"):
        sample(bowl, states, HIGH, LOW, draws)
    with pytest.raises(InputError, match=r"states have shape \(0, 2\); valid is"):
        sample(bowl, states[:0], LOW, HIGH, draws)


@pytest.mark.parametrize("name", SAMPLERS)
def test_other_boxes_are_kept_to_and_minima_in_them_are_found(name: str) -> None:
    low, high = bounds([-5.0, 0.0], [2.0, 3.0])
    states = torch.tensor([[-4.0, 2.0], [1.9, 0.1]])
    found = SAMPLERS[name](bowl, states, low, high, torch.Generator().manual_seed(0))
    actions = found.actions if name == "importance" else found[0]
    assert ((actions >= low) & (actions <= high)).all()
    if name == "derivative_free":
        torch.testing.assert_close(found[1].actions, states, atol=0.05, rtol=0)


def test_zero_chains_or_steps_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="samples 0 and iterations 5"):
        LangevinConfig(samples=0, iterations=5)
    with pytest.raises(InputError, match="iterations 0"):
        LangevinConfig(iterations=0)
    with pytest.raises(InputError, match="samples 1, refined"):
        ImportanceConfig(samples=1)
    with pytest.raises(InputError, match="one number per action component"):
        bounds([[-1.0]], [[1.0]])
