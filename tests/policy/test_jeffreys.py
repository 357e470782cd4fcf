"""Jeffreys divergence: Identity 1 against mathematics, and what any divergence must be."""

import numpy as np
import pytest
import torch
from torch import Tensor

from policy import InputError, jeffreys_divergence
from policy.energy import Energy
from policy.sampling import bounds, importance
from policy.uncertainty import JeffreysEstimate, from_importance, from_shared
from tests.policy.analytic import (
    EIGHT,
    EIGHT_TRUTHS,
    ELSEWHERE,
    FLAT,
    SQUARE,
    Pair,
    batch,
    correlated,
    gaussian,
    gaussian_truth,
    mixture,
    numbers,
    product,
    quadrature,
    ring,
    rotated,
)

STATES = torch.zeros(3, 1)
SHIFTED = FLAT["equal sigmas, shifted means"]


def same(density: object) -> Energy:
    """One energy for every state."""
    return lambda states, actions: density(actions)  # type: ignore[operator, no-any-return]


def estimates(pairs: list[Pair], seeds: int, **options: object) -> tuple[Tensor, Tensor]:
    """Estimates and standard errors, (seeds, pairs), all pairs in one batch."""
    p, q, box = batch([pair.p for pair in pairs]), batch([pair.q for pair in pairs]), pairs[0]
    found = [
        jeffreys_divergence(
            p,
            q,
            numbers(len(pairs)),
            box.low,
            box.high,
            generator=torch.Generator().manual_seed(seed),
            **options,  # type: ignore[arg-type]
        )
        for seed in range(seeds)
    ]
    return torch.stack([one.estimate for one in found]), torch.stack([one.standard_error for one in found])


def estimate(p: Energy, q: Energy, seed: int = 0, **options: object) -> JeffreysEstimate:
    draws = torch.Generator().manual_seed(seed)
    return jeffreys_divergence(p, q, STATES, *SQUARE, generator=draws, **options)  # type: ignore[arg-type]


def test_quadrature_agrees_with_closed_forms() -> None:
    covariances = [torch.eye(2).double() * sigma**2 for sigma in (0.1, 0.2)]
    still, shift = torch.zeros(2).double(), torch.tensor([0.2, 0.0]).double()
    assert FLAT["sharper"].truth == pytest.approx(gaussian_truth(still, *covariances), rel=1e-3) == 2.25
    assert FLAT["sharper and shifted"].truth == pytest.approx(gaussian_truth(shift, *covariances), rel=2e-3)
    assert gaussian_truth(shift, *covariances) == pytest.approx(4.75)


@pytest.mark.parametrize("method", ["auto", "annealed"])
def test_agrees_with_quadrature_where_every_state_has_another_energy(method: str) -> None:
    """On average over seeds within a tenth, each within half: sharp, curved and many modes in one batch."""
    pairs = list(FLAT.values())
    found, error = estimates(pairs, 6, method=method)
    truths = torch.tensor([pair.truth for pair in pairs])
    for name, ratios in zip(FLAT, (found / truths).T, strict=True):
        assert float(ratios.mean()) == pytest.approx(1.0, abs=0.1), name
        assert float((ratios - 1).abs().max()) < 0.5, name
    assert 0.85 < float(((found - truths).abs() < 2 * error).float().mean()) <= 1.0


@pytest.mark.parametrize("name", ELSEWHERE)
def test_agrees_with_quadrature_in_other_boxes(name: str) -> None:
    pair = ELSEWHERE[name]
    found, _ = estimates([pair], 12)
    assert float(found.mean()) == pytest.approx(pair.truth, rel=0.1)


def test_agrees_with_closed_forms_in_eight_dimensions() -> None:
    found, error = estimates(list(EIGHT.values()), 8)
    truths = torch.tensor(list(EIGHT_TRUTHS.values()))
    torch.testing.assert_close(found.mean(0), truths, rtol=0.1, atol=0)
    assert 0.7 < float(((found - truths).abs() < 2 * error).float().mean()) <= 1.0


def test_importance_method_agrees_where_it_has_something_to_hold_on_to() -> None:
    names = [name for name in FLAT if not name.startswith("sigma")]
    found, _ = estimates([FLAT[name] for name in names], 6, method="importance")
    truths = torch.tensor([FLAT[name].truth for name in names])
    torch.testing.assert_close(found.mean(0), truths, rtol=0.1, atol=0)


def test_mala_method_agrees_on_one_mode_and_does_not_weigh_two() -> None:
    names = ["sharper", "sigma 0.02", "two modes"]
    found, _ = estimates([FLAT[name] for name in names], 2, method="mala")
    ratios = found.mean(0) / torch.tensor([FLAT[name].truth for name in names])
    assert float(ratios[0]) == pytest.approx(1.0, abs=0.15)
    assert float(ratios[1]) == pytest.approx(1.0, abs=0.15)
    assert abs(float(ratios[2])) < 0.4


def test_only_states_that_need_more_work_get_it() -> None:
    places = [[-0.5, -0.5], [0.3, 0.3]]
    densities = [
        gaussian([0, 0], 1.0),
        gaussian([0, 0], 0.1),
        mixture([0.5, 0.5], [(p, 0.004) for p in places]),
    ]
    others = [
        gaussian([0.1, 0], 1.0),
        gaussian([0.02, 0], 0.1),
        mixture([0.5, 0.5], [(p, 0.005) for p in places]),
    ]
    rows: list[int] = []

    def counted(states: Tensor, actions: Tensor) -> Tensor:
        rows.extend(states[:, 0].int().tolist())
        return batch(densities)(states, actions)

    pair, states, (low, high) = (counted, batch(others)), numbers(3), bounds(*SQUARE)
    draws = torch.Generator().manual_seed(0)
    samples = importance(pair, (states, states), low, high, draws, two_stages=False)
    assert rows == [0, 1, 2]
    shared = from_shared(samples, pair, (states, states), low, high, draws, best=8)
    assert shared.stages.tolist() == [1, 2, 3]
    assert rows.count(0) == 1 < rows.count(1) < rows.count(2)
    assert rows.count(2) > 5
    assert shared.actions.shape == (3, 8, 2)
    torch.testing.assert_close(shared.energies, batch(densities)(states, shared.actions))
    assert (shared.energies[:, 1:] >= shared.energies[:, :-1]).all()
    nearest = (shared.actions[2, 0] - torch.tensor(places)).abs().amax(dim=1).amin()
    assert float(nearest) < 0.004


def test_easy_states_cost_one_evaluation_of_each_energy() -> None:
    calls: list[tuple[int, ...]] = []

    def counted(states: Tensor, actions: Tensor) -> Tensor:
        calls.append(tuple(actions.shape))
        return gaussian([0, 0], 1.0)(actions)

    estimate(counted, counted)
    assert calls == [(3, 512, 2)] * 2


def test_two_stages_find_what_uniform_actions_hardly_notice() -> None:
    """Half the mass within a thousandth of the box: few uniform actions see it, in some states none."""
    p = mixture([0.5, 0.5], [([0, 0], 0.6), ([0.5, 0.3], 0.03)])
    q = gaussian([0, 0], 0.6)
    truth, (low, high) = quadrature(p, q, *SQUARE), bounds(*SQUARE)
    pair, states, draws = (same(p), same(q)), numbers(60), torch.Generator().manual_seed(0)
    first = importance(pair, (states, states), low, high, draws, two_stages=False)
    found = from_shared(first, pair, (states, states), low, high, draws)
    both = from_importance(first).estimate, found.divergence.estimate
    miss = [float((value / truth - 1).square().mean().sqrt()) for value in both]
    assert miss[1] < 0.7 * miss[0]
    noticed = found.stages > 1
    assert float((found.divergence.estimate[noticed] / truth).median()) == pytest.approx(1.0, abs=0.1)


def test_a_mode_that_no_action_feels_is_missed_by_every_method() -> None:
    """The limit of anything that looks at an energy in single places; documented, not wished for."""
    p = mixture([0.5, 0.5], [([0, 0], 0.6), ([0.5, 0.3], 0.001)])
    q = gaussian([0, 0], 0.6)
    assert quadrature(p, q, [0.49, 0.29], [0.51, 0.31]) > 1
    for method in ("auto", "annealed"):
        draws = torch.Generator().manual_seed(0)
        found = jeffreys_divergence(
            same(p),
            same(q),
            numbers(10),
            *SQUARE,
            method=method,
            generator=draws,  # type: ignore[arg-type]
        )
        assert float(found.estimate.median()) < 0.1


def test_standard_error_covers_the_truth() -> None:
    inside = []
    for seed in range(30):
        value, error, _ = estimate(same(SHIFTED.p), same(SHIFTED.q), seed)
        inside += ((value - SHIFTED.truth).abs() < 2 * error).tolist()
    assert 0.85 < np.mean(inside) <= 1.0


@pytest.mark.parametrize("method", ["auto", "annealed"])
def test_is_symmetric_zero_on_itself_and_never_negative(method: str) -> None:
    p, q = same(SHIFTED.p), same(SHIFTED.q)
    forth, back = (estimate(*pair, 3, method=method) for pair in ((p, q), (q, p)))
    if method == "auto":  # Uniform actions are the same either way; rounds draw for one energy first.
        broad = same(gaussian([0, 0], 0.9)), same(gaussian([0.1, 0], 0.8))
        swapped = (broad[1], broad[0])
        torch.testing.assert_close(*(estimate(*pair, 3).estimate for pair in (broad, swapped)))
    apart = (forth.estimate - back.estimate).abs()
    assert (apart < 4 * (forth.standard_error**2 + back.standard_error**2).sqrt()).all()
    assert (estimate(p, p, 3, method=method).estimate == 0).all()
    near = same(gaussian([0.001, 0], 0.2))
    for seed in range(5):
        assert (estimate(p, near, seed, method=method).estimate >= 0).all()


@pytest.mark.parametrize("method", ["auto", "importance", "annealed", "mala"])
def test_is_blind_to_offsets(method: str) -> None:
    """A million costs float32 all but a sixteenth of a nat of each energy, which averages out."""
    sharp = gaussian([0.1, 0], 0.02), gaussian([0.12, 0], 0.03)
    for p, q in ((SHIFTED.p, SHIFTED.q), sharp):
        plain = estimate(same(p), same(q), 3, method=method)
        for offset, least in ((-100.0, 1e-3), (1e6, 0.02)):
            moved = estimate(same(p), lambda s, a, q=q, o=offset: q(a) + o, 3, method=method)
            allowed = least + (4 * plain.standard_error if method != "importance" else 0.02)
            assert ((moved.estimate - plain.estimate).abs() < allowed).all()


def test_disjoint_densities_are_far_apart_not_undefined() -> None:
    """Closed form for means 1 apart at sigma 0.05: 400 nats."""
    found = estimate(same(gaussian([-0.5, 0], 0.05)), same(gaussian([0.5, 0], 0.05)), method="annealed")
    torch.testing.assert_close(found.estimate, torch.full((3,), 400.0), rtol=0.05, atol=0)
    assert torch.isfinite(found.standard_error).all()


def test_one_batch_may_mix_kinds_of_densities() -> None:
    """Flat, ring-shaped, rotated, sharp and many-moded states side by side, in a box of another size."""
    low, high = [0.0, 0.0], [3.0, 3.0]

    def moved(density: object) -> object:
        return lambda actions: density(actions - 1.5)  # type: ignore[operator]

    kinds = [
        (gaussian([0, 0], 9.0), gaussian([0.5, 0], 3.0)),
        (ring(1.0, 0.05), ring(1.05, 0.06)),
        (rotated([0, 0], 0.5, 0.05, 1.0), rotated([0.05, 0], 0.5, 0.06, 1.0)),
        (gaussian([1.4, 1.4], 0.01), gaussian([1.41, 1.4], 0.012)),
        (
            correlated([0, 0], torch.tensor([[0.04, 0.03], [0.03, 0.04]])),
            product([gaussian([0.1], 0.2), gaussian([0.0], 0.2)]),
        ),
    ]
    pairs = [Pair(moved(p), moved(q), low, high) for p, q in kinds]  # type: ignore[arg-type]
    found, _ = estimates(pairs, 10)
    truths = torch.tensor([pair.truth for pair in pairs])
    torch.testing.assert_close(found.mean(0), truths, rtol=0.1, atol=0)


def test_bad_input_is_named() -> None:
    p, q = same(SHIFTED.p), same(SHIFTED.q)
    with pytest.raises(InputError, match="valid are auto, importance, langevin, mala, annealed"):
        estimate(p, q, method="guess")
    with pytest.raises(InputError, match="low must lie below high"):
        jeffreys_divergence(p, q, STATES, [1, 1], [-1, 1], generator=torch.Generator())
    with pytest.raises(InputError, match=r"energies have shape \(3, 512, 2\) .* valid is \(3, 512\)"):
        estimate(lambda states, actions: actions, q)
    pair = STATES, STATES[:2]
    with pytest.raises(InputError, match=r"states of lengths \[3, 2\]"):
        jeffreys_divergence(p, q, pair, *SQUARE, generator=torch.Generator())
    with pytest.raises(InputError, match=r"states have shape \(0, 1\)"):
        jeffreys_divergence(p, q, STATES[:0], *SQUARE, generator=torch.Generator())


@pytest.mark.parametrize("method", ["auto", "importance", "langevin", "mala", "annealed"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_energies_that_are_not_finite_are_refused_by_state(method: str, bad: float) -> None:
    def broken(states: Tensor, actions: Tensor) -> Tensor:
        found: Tensor = SHIFTED.p(actions)
        return torch.where(states[:, :1] == 1, torch.full_like(found, bad), found)

    with pytest.raises(InputError, match="NaN or infinite in state 1, one of 1"):
        jeffreys_divergence(
            broken,
            same(SHIFTED.q),
            numbers(3),
            *SQUARE,
            method=method,  # type: ignore[arg-type]
            generator=torch.Generator(),
        )
