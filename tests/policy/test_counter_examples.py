"""Counter-examples of every kind, and energies of one action component after the other."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from policy import (
    Dataset,
    ImplicitPolicy,
    InputError,
    NetworkConfig,
    PolicyConfig,
    TrainingConfig,
    evaluate,
    load_checkpoint,
    nearest_action_error,
    save_checkpoint,
    train,
)
from policy.energy.autoregressive import AutoregressiveHead
from policy.learning import CounterExampleConfig, info_nce
from policy.learning.counter_examples import draw
from policy.sampling.autoregressive import AutoregressiveConfig, autoregressive
from policy.sampling.box import bounds
from policy.sampling.langevin import LangevinConfig

LOW, HIGH = bounds(-1.0, 1.0, 2)
STATES = NetworkConfig((3,), 2, width=24, state_depth=2, architecture="autoregressive")


def bowl(states: Tensor, actions: Tensor) -> Tensor:
    return (actions - states[:, None]).square().sum(-1) / 0.08  # sigma 0.2


@pytest.mark.parametrize("kind", ["uniform", "langevin", "derivative_free", "weighted"])
def test_each_kind_gives_its_number_inside_the_box_and_repeats_itself(kind: str) -> None:
    config = CounterExampleConfig(kind, 5)  # type: ignore[arg-type]
    states = torch.tensor([[0.9, -0.9], [0.0, 0.3]])
    one, same = (draw(config, bowl, states, LOW, HIGH, torch.Generator().manual_seed(0)) for _ in range(2))
    assert one.shape == (2, 5, 2)
    assert float(one.abs().max()) <= 1.0
    assert torch.equal(one, same)
    assert not one.requires_grad


def test_those_that_look_for_low_energies_find_them() -> None:
    states = torch.zeros(50, 2)
    energies = {
        kind: float(
            bowl(
                states,
                draw(
                    CounterExampleConfig(kind, 8), bowl, states, LOW, HIGH, torch.Generator().manual_seed(0)
                ),
            ).mean()
        )
        for kind in ("uniform", "langevin", "derivative_free", "weighted")
    }
    assert energies["uniform"] == pytest.approx(2 / 3 / 0.08, rel=0.15)
    sought = [energies[kind] for kind in ("langevin", "derivative_free", "weighted")]
    assert max(sought) < 0.25 * energies["uniform"]


PLAIN = LangevinConfig(iterations=30, first_step=0.01, last_step=0.005, largest_move=1.0)


@pytest.mark.slow(9)
@pytest.mark.parametrize(
    ("config", "precision"),
    [
        (CounterExampleConfig("uniform", 16), 25.0),
        (CounterExampleConfig("weighted", 16, candidates=512, refinement=PLAIN), 12.5),
        (CounterExampleConfig("weighted", 16, candidates=512, refinement=PLAIN, corrected=True), 25.0),
        (CounterExampleConfig("langevin", 16, langevin=replace(PLAIN, iterations=200)), 12.5),
        (CounterExampleConfig("langevin", 16, langevin=replace(PLAIN, iterations=200), corrected=True), 25.0),
        (CounterExampleConfig("langevin", 16, langevin=replace(PLAIN, iterations=200, noise_scale=0.5)), 5.0),
    ],
    ids=["uniform", "weighted", "weighted corrected", "langevin", "langevin corrected", "langevin cold"],
)
def test_the_minimum_of_each_kind_is_what_its_docstring_says(
    config: CounterExampleConfig, precision: float
) -> None:
    """Data are normal with precision 25; the energy is right but for its precision, which is learned."""
    draws = torch.Generator().manual_seed(0)
    states = torch.zeros(256, 1)
    learned = torch.tensor(15.0, requires_grad=True)
    optimizer = torch.optim.Adam([learned], lr=0.3)
    low, high = bounds(-1.0, 1.0, 1)
    late = []
    for update in range(400):

        def energy(states: Tensor, actions: Tensor) -> Tensor:
            return 0.5 * learned * actions.square().sum(-1)

        data = 0.2 * torch.randn((256, 1, 1), generator=draws)
        negatives = draw(config, energy, states, low, high, draws)
        energies = energy(states, torch.cat([data, negatives], dim=1))
        loss = info_nce(energies[:, 0], energies[:, 1:], config.correction)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if update >= 200:
            late.append(float(learned.detach()))
    assert np.mean(late) == pytest.approx(precision, rel=0.15)


def wavy() -> AutoregressiveHead:
    """First weights with modes: the last layers are large."""
    torch.manual_seed(3)
    head = AutoregressiveHead(STATES)
    with torch.no_grad():
        for component in head.conditionals:
            component.rest[-1].weight *= 40.0  # type: ignore[operator]
    return head


@torch.no_grad()
def test_the_joint_energy_comes_normalised_and_the_sampler_draws_from_it() -> None:
    head, features = wavy(), torch.randn((2, 3), generator=torch.Generator().manual_seed(0))
    line = torch.linspace(-1, 1, 201)
    grid = torch.stack(torch.meshgrid(line, line, indexing="ij"), dim=-1).view(1, -1, 2).expand(2, -1, -1)
    density = (-head(features, grid)).exp()
    np.testing.assert_allclose(4.0 * density.mean(dim=1), 1.0, atol=0.03)
    weights = density / density.sum(dim=1, keepdim=True)
    samples, diagnostics = autoregressive(
        head.conditionals, features, LOW, HIGH, torch.Generator().manual_seed(1), AutoregressiveConfig(2000)
    )
    for power in (1, 2):  # four standard errors of 2,000 draws, and the grid's own error
        expected = (weights[..., None] * grid**power).sum(dim=1)
        assert float((samples.pow(power).mean(dim=1) - expected).abs().max()) < 4 * 0.7 / 2000**0.5 + 0.01
    assert float((diagnostics.energies - head(features, samples)).abs().mean()) < 0.05


def test_the_sampler_fits_any_box_and_says_what_does_not_fit() -> None:
    low, high = bounds([0.0, -5.0], [3.0, 2.0])
    samples, _ = autoregressive(
        [lambda states, actions: (actions[..., -1] - 1.0).square() / 0.02] * 2,
        torch.zeros(1, 1),
        low,
        high,
        torch.Generator().manual_seed(0),
        AutoregressiveConfig(500, candidates=256),
    )
    np.testing.assert_allclose(samples.mean(dim=1), 1.0, atol=0.03)
    np.testing.assert_allclose(samples.std(dim=1), 0.1, atol=0.02)
    with pytest.raises(InputError, match="1 components and 2 bounds"):
        autoregressive([bowl], torch.zeros(1, 2), low, high, torch.Generator())
    with pytest.raises(InputError, match="candidates 1"):
        AutoregressiveConfig(candidates=1)


def test_components_learn_modes_that_hang_together(tmp_path: Path) -> None:
    draws = np.random.default_rng(0)
    sides = np.where(draws.random(400) < 0.5, 0.5, -0.5)
    actions = np.stack([sides, -sides], axis=1) + draws.normal(0, 0.05, (400, 2))
    data = Dataset(draws.normal(size=(400, 3)).astype(np.float32), actions, np.array("both"))
    untrained = ImplicitPolicy(PolicyConfig(STATES, members=1, bootstrap=False), seed=0)
    config = TrainingConfig(
        250, 32, 1e-2, counter_examples=CounterExampleConfig("autoregressive", 32), precision="float32"
    )
    made = train(untrained, data, config, seed=0)
    assert made.losses[0] < 0.6 * 2 * np.log(33)
    head = made.policy.network(0).head
    assert isinstance(head, AutoregressiveHead)
    features = torch.zeros(1, 3)
    samples, _ = autoregressive(
        head.conditionals, features, LOW, HIGH, torch.Generator().manual_seed(0), AutoregressiveConfig(400)
    )
    first, second = samples[0].T
    assert float((first * second < 0).float().mean()) > 0.9
    assert 0.25 < float((first > 0).float().mean()) < 0.75
    errors = evaluate(made.policy, data.observations[:50], data.actions[:50])
    assert errors.nll < 0  # nothing known costs log 4
    assert nearest_action_error(made.policy, data.observations[:50], data.actions[:50]) < 0.2
    save_checkpoint(tmp_path / "policy", made.policy)
    again, _ = load_checkpoint(tmp_path / "policy")
    assert evaluate(again, data.observations[:50], data.actions[:50]) == errors


def test_heads_and_counter_examples_that_do_not_fit_are_refused() -> None:
    data = Dataset(np.zeros((4, 3), np.float32), np.zeros((4, 2), np.float32), np.array("x"))
    by_component = TrainingConfig(1, 2, counter_examples=CounterExampleConfig("autoregressive", 4))
    plain = ImplicitPolicy(PolicyConfig(replace(STATES, architecture="mlp"), 1, False))
    with pytest.raises(InputError, match="valid for this network: uniform, langevin"):
        train(plain, data, by_component, seed=0)
    with pytest.raises(InputError, match="valid for this network: autoregressive"):
        train(ImplicitPolicy(PolicyConfig(STATES, 1, False)), data, TrainingConfig(1, 2), seed=0)
    with pytest.raises(InputError, match=r"search\.samples is 64"):
        CounterExampleConfig("derivative_free", 65)
    with pytest.raises(InputError, match="candidates is 16"):
        CounterExampleConfig("weighted", 17)
    with pytest.raises(InputError, match="corrected is True with kind uniform"):
        CounterExampleConfig("uniform", corrected=True)
    with pytest.raises(InputError, match="without noise"):
        CounterExampleConfig("langevin", langevin=LangevinConfig(noise_scale=0.0), corrected=True)
    with pytest.raises(InputError, match="margin 0"):
        CounterExampleConfig(margin=0.0)
    with pytest.raises(InputError, match="penalty is 1"):
        CounterExampleConfig("autoregressive", 4, penalty=1.0)
