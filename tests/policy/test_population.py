"""Importance samples that close in on densities: right on what is known, and no more than needed."""

import pytest
import torch
from torch import Tensor

from policy import InputError, PopulationConfig, population
from policy.energy import Energy
from policy.sampling import ImportanceSamples, bounds, importance
from tests.policy.analytic import batch, correlated, gaussian, numbers

LOW, HIGH = bounds(-1.0, 1.0, 8)


def samples(
    energies: list[Energy],
    states: Tensor,
    box: tuple[Tensor, Tensor] = (LOW, HIGH),
    seed: int = 0,
    **config: float,
) -> tuple[ImportanceSamples, ImportanceSamples]:
    """Uniform ones alone, and with all rounds."""
    draws = torch.Generator().manual_seed(seed)
    every = [states for _ in energies]
    first = importance(energies, every, *box, draws, two_stages=False)
    return first, population(first, energies, every, *box, draws, PopulationConfig(**config))  # type: ignore[arg-type]


def narrow(states: Tensor, actions: Tensor) -> Tensor:
    """A Gaussian in eight dimensions that fills a hundred-millionth of the box."""
    return ((actions - 0.3) / 0.08).square().sum(-1) / 2


def test_finds_a_peak_that_uniform_actions_hardly_feel_and_integrates_it() -> None:
    first, found = samples([narrow], torch.zeros(20, 1), samples=256)
    assert float(first.effective_sample_size.mean()) < 2
    assert float(found.effective_sample_size.min()) > 100
    exact = 8 * float((torch.tensor(0.08) * (2 * torch.pi) ** 0.5).log())
    torch.testing.assert_close(found.log_z, torch.full((1, 20), exact), atol=0.3, rtol=0)
    assert float(found.log_z.mean()) == pytest.approx(exact, abs=0.05)
    mean = (found.weights[0][..., None] * found.actions).sum(dim=1)
    assert float((mean - 0.3).abs().max()) < 0.03


@pytest.mark.slow(5)
def test_the_mean_of_many_estimates_is_the_partition_function() -> None:
    """Kernels round the heaviest actions must not make those look likelier: that would cost a quarter."""
    _, found = samples([narrow], torch.zeros(200, 1), samples=256, seed=1)
    exact = 8 * float((torch.tensor(0.08) * (2 * torch.pi) ** 0.5).log())
    assert float((found.log_z - exact).exp().mean()) == pytest.approx(1.0, abs=0.06)


def test_components_that_hang_together_are_no_harder() -> None:
    places = torch.arange(8, dtype=torch.float64)
    covariance = 0.15**2 * 0.9 ** (places[:, None] - places).abs()
    density = correlated([0.1] * 8, covariance)
    _, found = samples([lambda states, actions: density(actions)], torch.zeros(20, 1), samples=256)
    assert float(found.effective_sample_size.min()) > 100
    mean = torch.einsum("bk,bka->ba", found.weights[0], found.actions)
    apart = found.actions - mean[:, None]
    spread = torch.einsum("bk,bki,bkj->bij", found.weights[0], apart, apart).mean(dim=0)
    torch.testing.assert_close(spread, covariance.float(), atol=0.15 * 0.15**2, rtol=0)


def test_mass_that_lies_against_a_bound_is_not_cut() -> None:
    """exp(-E) falls from the bound at 1.0 with a scale of 0.02: its mean is 0.98, its integral 0.02 each."""
    low, high = bounds(-1.0, 1.0, 3)

    def slope(states: Tensor, actions: Tensor) -> Tensor:
        return ((1.0 - actions) / 0.02).sum(-1)

    _, found = samples([slope], torch.zeros(20, 1), (low, high))
    assert float(found.effective_sample_size.min()) > 200
    assert bool(((found.actions >= low) & (found.actions <= high)).all())
    mean = (found.weights[0][..., None] * found.actions).sum(dim=1)
    torch.testing.assert_close(mean, torch.full_like(mean, 0.98), atol=0.005, rtol=0)
    assert float(found.log_z.mean()) == pytest.approx(3 * float(torch.tensor(0.02).log()), abs=0.05)


def test_energies_that_span_many_millions_are_closed_in_on() -> None:
    low, high = bounds(-1.0, 1.0, 2)

    def needle(states: Tensor, actions: Tensor) -> Tensor:
        return ((actions - 0.3) / 0.0003).square().sum(-1) / 2  # up to 19 million

    _, found = samples([needle], torch.zeros(10, 1), (low, high), samples=256)
    assert float(found.effective_sample_size.min()) > 100
    exact = 2 * float((torch.tensor(0.0003) * (2 * torch.pi) ** 0.5).log())
    assert float(found.log_z.mean()) == pytest.approx(exact, abs=0.05)


def test_boxes_of_other_bounds_are_the_same_to_it() -> None:
    low, high = bounds([0.0, -100.0], [0.1, 100.0])

    def energy(states: Tensor, actions: Tensor) -> Tensor:
        return ((actions - torch.tensor([0.03, 40.0])) / torch.tensor([0.001, 2.0])).square().sum(-1) / 2

    _, found = samples([energy], torch.zeros(10, 1), (low, high))
    exact = float((torch.tensor(0.001 * 2.0) * 2 * torch.pi).log())
    assert float(found.log_z.mean()) == pytest.approx(exact, abs=0.05)


def test_both_energies_are_covered_and_their_weights_bounded() -> None:
    def elsewhere(states: Tensor, actions: Tensor) -> Tensor:
        return ((actions + 0.3) / 0.1).square().sum(-1) / 2

    _, found = samples([narrow, elsewhere], torch.zeros(10, 1), rounds=14)
    assert found.weights.shape == (2, 10, found.actions.shape[1])
    torch.testing.assert_close(found.weights.sum(dim=-1), torch.ones(2, 10))
    assert float(found.effective_sample_size.min()) > 40
    share = 512 / found.actions.shape[1]
    assert bool((found.log_density.exp() >= 0.99 * share).all())


def test_states_take_part_only_until_they_have_enough() -> None:
    densities = [gaussian([0.0] * 8, 1.0), gaussian([0.1] * 8, 0.3), gaussian([0.2] * 8, 0.05)]
    rows: list[int] = []

    def counted(states: Tensor, actions: Tensor) -> Tensor:
        rows.extend(states[:, 0].int().tolist())
        return batch(densities)(states, actions)

    _, found = samples([counted], numbers(3), enough=100.0)
    assert rows.count(0) == 1 < rows.count(1) < rows.count(2) <= 11
    assert found.actions.shape[1] == 512 + 128 * (rows.count(2) - 1)
    used = (found.weights[0] > 0).sum(dim=1)
    assert int(used[0]) <= 512 < int(used[1]) <= 512 + 128 * (rows.count(1) - 1)
    torch.testing.assert_close(found.energies[0], batch(densities)(numbers(3), found.actions))
    lowest = found.energies[0].topk(3, dim=1, largest=False).indices
    assert bool((lowest[0] < 512).all())  # What fills up a row is its highest action, never among the lowest.


def test_equal_generators_give_equal_samples_and_a_state_alone_is_as_good() -> None:
    one, other = (samples([narrow], torch.zeros(4, 1), seed=3)[1] for _ in range(2))
    assert torch.equal(one.actions, other.actions)
    assert torch.equal(one.weights, other.weights)


def test_energies_that_are_not_finite_are_refused_by_state() -> None:
    def broken(states: Tensor, actions: Tensor) -> Tensor:
        energies = narrow(states, actions)
        return energies.where((states > 0) | (actions.shape[1] == 512), torch.tensor(float("nan")))

    with pytest.raises(InputError, match="state 0"):
        samples([broken], torch.zeros(2, 1))


@pytest.mark.parametrize(
    "wrong",
    [{"rounds": 0}, {"samples": 1}, {"centres": 0}, {"bandwidth": 0.0}, {"tempered": 1.0}, {"enough": 0.5}],
)
def test_configurations_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        PopulationConfig(**wrong)  # type: ignore[arg-type]
