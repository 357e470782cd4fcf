"""Lattice actions: uniform one by one, more even together."""

import pytest
import torch

from policy.sampling import bounds, uniform
from policy.sampling.lattice import lattice


def test_every_action_by_itself_is_uniform_in_its_box() -> None:
    low, high = bounds([-1.0, 0.0, -5.0], [1.0, 3.0, 2.0])
    actions = lattice(4000, 7, low, high, torch.Generator().manual_seed(0))
    assert actions.shape == (4000, 7, 3)
    assert (actions >= low).all()
    assert (actions <= high).all()
    unit = ((actions - low) / (high - low)).double()
    for place in range(7):  # the same place of the lattice in all states
        for component in range(3):
            column = unit[:, place, component].sort().values
            expected = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000
            assert (column - expected).abs().max() < 1.63 / 4000**0.5  # Kolmogorov-Smirnov, level 1 %


@pytest.mark.parametrize(("samples", "components"), [(512, 8), (512, 2), (100, 3), (1, 1), (4096, 8)])
def test_means_are_right_and_far_less_scattered_than_of_independent_actions(
    samples: int, components: int
) -> None:
    low, high = bounds(-1.0, 1.0, components)
    draws = torch.Generator().manual_seed(1)
    slope = torch.linspace(0.2, 0.6, components)
    truth = (torch.sinh(slope) / slope).prod()  # mean of exp(slope . a) over the box
    spread = []
    for draw in (lattice, uniform):
        means = torch.exp(draw(400, samples, low, high, draws) @ slope).mean(dim=1)
        assert abs(means.mean() - truth) < 4 * means.std() / 400**0.5
        spread.append((means - truth).square().mean().sqrt())
    if samples > 1:
        assert spread[0] < 0.5 * spread[1]


def test_states_are_shifted_on_their_own_and_a_seed_decides_all() -> None:
    low, high = bounds(-1.0, 1.0, 2)
    one, same = (lattice(3, 16, low, high, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(one, same)
    assert not torch.equal(one[0], one[1])
