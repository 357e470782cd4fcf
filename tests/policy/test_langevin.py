"""The published sampler: its rule, the temperature it samples at, and where it is biased."""

import pytest
import torch

from policy import InputError, jeffreys_divergence
from policy.sampling import PUBLISHED, PUBLISHED_CODE, LangevinConfig, bounds, langevin
from tests.policy.analytic import FLAT, SQUARE, batch, gaussian, numbers

LOW, HIGH = bounds(*SQUARE)


def test_released_code_is_half_as_many_iterations_with_steps_that_stay_large() -> None:
    assert (PUBLISHED_CODE.samples, PUBLISHED_CODE.iterations) == (512, 50)
    assert PUBLISHED_CODE.step(0) == pytest.approx(2 * 0.1)
    assert PUBLISHED_CODE.step(49) == pytest.approx(2 * 1e-5)
    blend = (24 / 49) ** 2
    assert PUBLISHED_CODE.step(24) == pytest.approx(2 * (0.1 + blend * (1e-5 - 0.1)))
    assert PUBLISHED_CODE.temperature == pytest.approx(0.33**2)


def test_a_step_without_noise_follows_the_slope_and_its_bound() -> None:
    energy = batch([gaussian([0, 0], 0.5)])
    start = torch.tensor([[[0.1, -0.9]]])
    config = LangevinConfig(1, 1, 0.02, 0.02, noise_scale=0.0, largest_move=0.01)
    moved, found = langevin(energy, numbers(1), LOW, HIGH, torch.Generator(), config, start=start)
    # dE/da = a / 0.25; half the step times it is 0.004 for 0.1 and 0.036, cut to 0.02, for -0.9.
    torch.testing.assert_close(moved, torch.tensor([[[0.096, -0.88]]]))
    assert found.clipped == pytest.approx(0.5)


BIASES = {
    "sharper": (0.09, 0.14),
    "sharper and shifted": (0.5, 0.65),
    "two modes": (-0.35, 0.35),
    "broad, cut by the box": (2.4, 3.2),
    "equal sigmas, shifted means": (0.93, 1.05),
}
"""Ratios to the truth; all but the last leave out what a sampler of the density would find."""


def test_published_sampler_is_biased_as_its_temperature_and_its_box_explain() -> None:
    pairs = [FLAT[name] for name in BIASES]
    p, q = batch([pair.p for pair in pairs]), batch([pair.q for pair in pairs])
    found = torch.stack(
        [
            jeffreys_divergence(
                p,
                q,
                numbers(len(pairs)),
                *SQUARE,
                method="langevin",
                generator=torch.Generator().manual_seed(seed),
                langevin_config=PUBLISHED,
            ).estimate
            for seed in range(2)
        ]
    ).mean(0)
    for (name, (least, most)), value, pair in zip(BIASES.items(), found, pairs, strict=True):
        assert least < float(value) / pair.truth < most, name


def test_start_and_decay_are_checked() -> None:
    energy, draws = batch([gaussian([0, 0], 0.5)]), torch.Generator()
    with pytest.raises(InputError, match=r"start has shape \(1, 2\); valid is \(1, K, 2\)"):
        langevin(energy, numbers(1), LOW, HIGH, draws, start=torch.zeros(1, 2))
    with pytest.raises(InputError, match="start must be finite and inside"):
        langevin(energy, numbers(1), LOW, HIGH, draws, start=torch.full((1, 4, 2), 1.5))
    with pytest.raises(InputError, match=r"decay 'never'; valid are .* early, late"):
        LangevinConfig(decay="never")  # type: ignore[arg-type]
