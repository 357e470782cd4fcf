"""The benchmark of deciding: quality gates on a small size, and a plain baseline that is the same energy."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from iifl_server.bench import sampler, timing
from iifl_server.bench.common import Options
from iifl_server.bench.problem import Problem, make_problem
from iifl_server.bench.published import PlainEnergy, plain_langevin, plain_timestep
from policy import ImplicitPolicy
from policy.energy import fast_energy
from policy.energy.gradients import value_and_gradient
from policy.sampling import bounds, langevin

SIZE = sampler.SMALL


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def problem() -> Problem:
    return make_problem(
        0, samples=SIZE.samples, held_out=SIZE.robots, state_size=10, action_size=3, freedoms=2
    )


@pytest.fixture(scope="module")
def policy(problem: Problem) -> ImplicitPolicy:
    return sampler.trained(problem, SIZE, 0)


def test_the_plain_energy_is_the_policys(policy: ImplicitPolicy, problem: Problem) -> None:
    network = policy.network(0)
    states = torch.tensor(problem.held_out.observations)
    actions = torch.rand(len(states), 7, 3) * 2 - 1
    energies, slopes = value_and_gradient(network, states, actions)
    plain, plain_slopes = value_and_gradient(PlainEnergy(network), states, actions)
    torch.testing.assert_close(plain, energies, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(plain_slopes, slopes, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("through", ["modules", "fast evaluation"])
def test_our_chains_are_the_plain_ones(policy: ImplicitPolicy, problem: Problem, through: str) -> None:
    """Step by step at first; at the end most of them: one rounding may put a chain into another basin."""
    network = policy.network(0)
    energy = network.head if through == "modules" else fast_energy(network.head)
    states = torch.tensor(problem.held_out.observations)
    with torch.no_grad():
        features = network.encode(states)

    def chains(iterations: int) -> tuple[Tensor, Tensor, Tensor]:
        """Ours, the plain ones, and those that no energy moves, from the same draws."""
        config = replace(SIZE.chains, iterations=iterations)
        ours, _ = langevin(energy, features, *bounds(-1.0, 1.0, 3), _draws(), config)
        plain = plain_langevin(PlainEnergy(network), states, 3, _draws(), config)
        still, _ = langevin(_flat, features, *bounds(-1.0, 1.0, 3), _draws(), config)
        return ours, plain, still

    ours, plain, still = chains(3)
    assert root_mean_square(ours - plain) < 0.05 * root_mean_square(plain - still)
    ours, plain, _ = chains(SIZE.chains.iterations)
    assert share_together(ours, plain) > 0.9


def test_a_timestep_through_our_evaluation_decides_as_the_plain_one(
    policy: ImplicitPolicy, problem: Problem
) -> None:
    plain = PlainEnergy(policy.network(0)), PlainEnergy(policy.network(1))
    states = torch.tensor(problem.held_out.observations)
    theirs = plain_timestep(plain, states, 3, torch.Generator().manual_seed(0), SIZE.chains)
    ours = sampler.published_chains(policy, problem, SIZE, 0)
    assert share_together(ours.actions, theirs.actions) > 0.8
    assert sampler.spearman(ours.uncertainty, theirs.uncertainty) > 0.95


def _draws() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def _flat(states: Tensor, actions: Tensor) -> Tensor:
    return 0.0 * actions.sum(dim=-1)


def root_mean_square(values: Tensor) -> float:
    return float(values.square().mean().sqrt())


def share_together(one: Tensor, other: Tensor) -> float:
    """Share of actions that are within a fortieth of the box's width of each other."""
    return float(((one - other).norm(dim=-1) < 0.05).float().mean())


@pytest.mark.slow(10)
@pytest.mark.parametrize("factor", [1.0, sampler.SHARPER])
def test_quality_gates_hold_on_a_small_size(policy: ImplicitPolicy, problem: Problem, factor: float) -> None:
    said: list[str] = []
    figures = sampler.compare(
        "model",
        sampler.sharper(policy, factor),
        problem,
        SIZE,
        Options(scale="smoke", repeats=1),
        said.append,
        at_least=0.0,
    )
    assert figures["rank_correlation_long_runs"] > 0.95
    assert figures["gates"]["rank_correlation"], said
    assert figures["gates"]["best_energy"], said
    worse, error = figures["action_error_difference"]
    assert worse <= 4.0 * error, said  # The gate allows two, which one processor in forty misses by chance.
    assert len(said) == 5


def test_gates_can_fail() -> None:
    good = {
        "ratio": 400.0,
        "rank_correlation": 0.97,
        "action_error_difference": (0.01, 0.006),
        "best_energy_difference": -0.1,
    }
    assert all(sampler.gates(good, 300.0).values())
    for name, value, gate in (
        ("ratio", 200.0, "ratio"),
        ("rank_correlation", 0.9, "rank_correlation"),
        ("action_error_difference", (0.02, 0.006), "action_error"),
        ("best_energy_difference", 0.1, "best_energy"),
    ):
        assert [key for key, held in sampler.gates({**good, name: value}, 300.0).items() if not held] == [
            gate
        ]


def test_sharper_energies_are_those_energies_times_the_factor(
    policy: ImplicitPolicy, problem: Problem
) -> None:
    states = torch.tensor(problem.held_out.observations)
    actions = torch.rand(len(states), 5, 3)
    with torch.no_grad():
        before = policy.network(0)(states, actions)
        after = sampler.sharper(policy, 9.0).network(0)(states, actions)
    torch.testing.assert_close(after, 9.0 * before, rtol=1e-4, atol=1e-4)
    assert sampler.spearman(before[:, 0], after[:, 0]) == pytest.approx(1.0)


def test_rank_correlation_and_errors_are_what_they_say() -> None:
    column = torch.tensor([3.0, 1.0, 2.0, 9.0])
    assert sampler.spearman(column, column.exp()) == pytest.approx(1.0)
    assert sampler.spearman(column, -column) == pytest.approx(-1.0)
    answers = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    assert sampler.nearest_error(torch.tensor([[0.0, 0.2]]), answers).item() == pytest.approx(0.02)


@pytest.mark.slow(10)
def test_times_stand_beside_the_papers() -> None:
    said: list[str] = []
    figures = timing.run(Options(scale="smoke", repeats=2, threads=1), said.append)
    assert set(timing.PAPER) <= set(figures["times"])
    assert all(np.isfinite(row["mean_s"]) and row["mean_s"] > 0 for row in figures["times"].values())
    assert figures["times"]["IIFL uncertainty"]["paper_mean_s"] == 0.988
    assert any("| partition function | 7.1000" in line for line in said)
