"""Descent from good actions: how near the minimum it ends, whatever the energy's scale."""

import pytest
import torch
from torch import Tensor

from policy import InputError
from policy.sampling import bounds, importance
from policy.sampling.descent import DescentConfig, descend

LOW, HIGH = bounds(-1.0, 1.0, 8)


def bowl(sigma: float) -> object:
    """Round the state, (B, 8), longer in some directions than in others."""
    stretch = torch.linspace(1.0, 3.0, 8)

    def energy(states: Tensor, actions: Tensor) -> Tensor:
        return ((actions - states[:, None]) / stretch).square().sum(-1) / (2 * sigma**2)

    return energy


@pytest.mark.parametrize("sigma", [1.0, 0.1, 0.01])
def test_reaches_the_minimum_of_flat_and_sharp_energies_alike(sigma: float) -> None:
    energy = bowl(sigma)
    states = torch.rand(20, 8, generator=torch.Generator().manual_seed(0)) * 1.6 - 0.8
    samples = importance([energy], [states], LOW, HIGH, torch.Generator().manual_seed(1), two_stages=False)  # type: ignore[list-item]
    candidates = samples.actions, samples.energies[0]
    minimum = descend(energy, states, LOW, HIGH, candidates)  # type: ignore[arg-type]
    before = (samples.actions[torch.arange(20), candidates[1].argmin(1)] - states).square().mean(-1).sqrt()
    after = (minimum.actions - states).square().mean(-1).sqrt()
    assert after.max() < 0.12
    assert after.mean() < 0.3 * before.mean()
    torch.testing.assert_close(energy(states, minimum.actions[:, None])[:, 0], minimum.energies)  # type: ignore[operator]


def test_is_never_worse_than_the_best_candidate_and_stays_in_the_box() -> None:
    def ripples(states: Tensor, actions: Tensor) -> Tensor:
        return torch.sin(40 * actions).sum(-1) - 3.0 * actions.sum(-1)

    actions = torch.rand(10, 32, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    energies = ripples(torch.zeros(10, 1), actions)
    for config in (DescentConfig(), DescentConfig(starts=40, iterations=3), DescentConfig(1, 0)):
        minimum = descend(ripples, torch.zeros(10, 1), LOW, HIGH, (actions, energies), config)
        assert (minimum.energies <= energies.amin(1)).all()
        assert minimum.actions.abs().max() <= 1
    assert torch.equal(minimum.energies, energies.amin(1))


def test_bounds_of_the_box_can_be_the_answer() -> None:
    def outwards(states: Tensor, actions: Tensor) -> Tensor:
        return -actions.sum(-1)

    actions = torch.zeros(2, 4, 8)
    minimum = descend(outwards, torch.zeros(2, 1), LOW, HIGH, (actions, outwards(actions, actions)))
    assert torch.equal(minimum.actions, torch.ones(2, 8))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"starts": 0}, "starts 0 must be at least 1"),
        ({"iterations": -1}, "iterations -1 at least 0"),
        ({"first_step": 0.0}, r"first_step 0\.0 must be above 0"),
        ({"power": 0.0}, r"power 0\.0 above 0"),
    ],
)
def test_impossible_configurations_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        DescentConfig(**options)  # type: ignore[arg-type]
