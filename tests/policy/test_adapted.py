"""Adapted importance samples: right whatever the pilot suggests, and worth more than uniform ones."""

import pytest
import torch
from torch import Tensor

from policy import ImplicitPolicy, InputError, NetworkConfig, PolicyConfig
from policy.sampling import bounds, importance
from policy.sampling.adapted import AdaptedConfig, adapted
from policy.sampling.lattice import lattice
from policy.uncertainty import from_importance

SIGMA = 0.3
CENTRES = torch.tensor([0.4, -0.3, 0.2, -0.5, 0.1, 0.3, -0.2, 0.0])
LOW, HIGH = bounds(-1.0, 1.0, 8)


def calm(states: Tensor, actions: Tensor) -> Tensor:
    return ((actions - CENTRES) / SIGMA).square().sum(-1) / 2


def moved(states: Tensor, actions: Tensor) -> Tensor:
    return ((actions - CENTRES - 0.05) / SIGMA).square().sum(-1) / 2 + 7.0


def truth() -> float:
    """Of a product of densities, each cut off by the box: a sum over components, by quadrature."""
    line = torch.linspace(-1, 1, 4001, dtype=torch.float64)
    total = 0.0
    for centre in CENTRES.double():
        p = ((line - centre) / SIGMA).square() / 2
        q = ((line - centre - 0.05) / SIGMA).square() / 2
        total += float(((torch.softmax(-p, 0) - torch.softmax(-q, 0)) * (q - p)).sum())
    return total


def estimates(samples: int, seeds: int) -> tuple[Tensor, Tensor]:
    """Of 20 equal states and `seeds` draws, by adapted samples and by as many uniform ones."""
    states = torch.zeros(20, 1)
    found: list[list[Tensor]] = [[], []]
    for seed in range(seeds):
        draws = torch.Generator().manual_seed(seed)
        pair, twice = (calm, moved), (states, states)
        both = (
            adapted(pair, twice, LOW, HIGH, draws, AdaptedConfig(samples=samples)),
            importance(
                pair,
                twice,
                LOW,
                HIGH,
                draws,
                two_stages=False,
                start=lattice(20, samples + AdaptedConfig().pilot, LOW, HIGH, draws),
            ),
        )
        for column, one in zip(found, both, strict=True):
            column.append(from_importance(one).estimate)
    return torch.cat(found[0]), torch.cat(found[1])


def test_agrees_with_quadrature_and_scatters_less_than_uniform_samples() -> None:
    ours, uniform = estimates(768, 4)
    assert float(ours.mean()) == pytest.approx(truth(), rel=0.03)
    assert float((ours / truth() - 1).square().mean()) < 0.5 * float((uniform / truth() - 1).square().mean())


def test_log_z_is_right_in_a_box_of_other_bounds_and_with_several_modes() -> None:
    def energy(states: Tensor, actions: Tensor) -> Tensor:
        ends = [((actions - centre) / 0.2).square().sum(-1) / 2 for centre in (0.7, 2.2)]
        return -torch.logaddexp(-ends[0], -ends[1])

    low, high = bounds([0.0, -1.0], [3.0, 4.0])
    draws = torch.Generator().manual_seed(0)
    states = torch.zeros(50, 1)
    found = adapted([energy], [states], low, high, draws)
    exact = torch.tensor(2 * 2 * torch.pi * 0.2**2).log()
    assert float(found.log_z.mean()) == pytest.approx(float(exact), abs=0.02)
    assert bool(((found.actions >= low) & (found.actions <= high)).all())


def test_equal_generators_give_equal_samples() -> None:
    states = torch.zeros(3, 1)
    one, other = (
        adapted([calm], [states], LOW, HIGH, torch.Generator().manual_seed(5)).actions for _ in range(2)
    )
    assert torch.equal(one, other)


def test_states_where_few_samples_count_are_begun_again() -> None:
    """A policy of states answers within the error that it states, on mild and on sharp energies."""
    network = NetworkConfig(observation_shape=(4,), action_size=3, width=32, state_depth=2)
    policy = ImplicitPolicy(PolicyConfig(network), seed=0)
    states = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)).numpy()
    mild = policy.decide(states, 0)
    config = AdaptedConfig()
    assert mild.effective_sample_size.min() > policy.sampling.enough * (config.pilot + config.samples)
    for member in range(2):
        last = list(policy.network(member).head.rest.children())[-1]
        for parameter in last.parameters():
            parameter.data *= 400.0
    sharp = policy.decide(states, 0)
    again = policy.decide(states, 1)
    assert (sharp.uncertainty > 10 * mild.uncertainty).all()
    apart = abs(sharp.uncertainty - again.uncertainty)
    assert (apart < 5 * (sharp.standard_error + again.standard_error)).all()


@pytest.mark.parametrize("wrong", [{"pilot": 1}, {"samples": 0}, {"bins": 1}, {"uniform": 0.0}])
def test_configurations_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="at least 2"):
        AdaptedConfig(**wrong)  # type: ignore[arg-type]
