"""Partition functions by annealed importance sampling, and the divergence through them."""

import math

import pytest
import torch
from torch import Tensor

from policy import InputError
from policy.sampling import AnnealedConfig
from policy.uncertainty import jeffreys_by_partition, partition_function
from tests.policy.analytic import FLAT, SQUARE, batch, gaussian, numbers

KNOWN = {
    "well inside": (gaussian([0.0, 0.0], 0.1), math.log(2 * math.pi * 0.01)),
    "sharp": (gaussian([0.3, -0.2], 0.02), math.log(2 * math.pi * 0.0004)),
    "at a corner": (gaussian([1.0, 1.0], 0.1), math.log(2 * math.pi * 0.01 / 4)),
    "far from zero": (gaussian([0.0, 0.0], 0.3, offset=-1e4), math.log(2 * math.pi * 0.09 * 0.99828) + 1e4),
}
"""log Z in [-1, 1]^2; the last one's box holds erf(1 / 0.3 / sqrt 2)^2 of the mass."""


def test_partition_functions_are_right_within_their_standard_errors() -> None:
    copies = 40
    densities = [density for density, _ in KNOWN.values() for _ in range(copies)]
    energy = batch(densities)
    found = partition_function(
        energy, numbers(len(densities)), *SQUARE, generator=torch.Generator().manual_seed(0)
    )
    assert (found.effective_sample_size >= 1).all()
    for row, (name, (_, truth)) in enumerate(KNOWN.items()):
        own = slice(row * copies, (row + 1) * copies)
        off = found.log_z[own] - truth
        assert float(off.exp().mean()) == pytest.approx(1.0, abs=0.2), name
        covered = float((off.abs() < 2 * found.standard_error[own]).float().mean())
        assert 0.7 <= covered <= 1.0, name


def test_more_particles_make_it_more_certain() -> None:
    energy, states = batch([gaussian([0.0, 0.0], 0.1)]), numbers(1)
    errors = [
        float(
            partition_function(
                energy,
                states,
                *SQUARE,
                generator=torch.Generator().manual_seed(1),
                config=AnnealedConfig(particles=count, moves=1, keep=0.9, resample_below=0.0),
            ).standard_error
        )
        for count in (64, 4096)
    ]
    assert errors[1] < 0.3 * errors[0]


def test_divergence_through_partition_functions_agrees_where_both_are_broad() -> None:
    names = ["equal sigmas, shifted means", "broad, cut by the box", "two modes"]
    pairs = [FLAT[name] for name in names]
    p, q = batch([pair.p for pair in pairs]), batch([pair.q for pair in pairs])
    config = AnnealedConfig(particles=1024, moves=1, keep=0.9, resample_below=0.0)
    found = [
        jeffreys_by_partition(
            p, q, numbers(3), *SQUARE, generator=torch.Generator().manual_seed(seed), config=config
        )
        for seed in range(6)
    ]
    mean = torch.stack([one.estimate for one in found]).mean(0)
    error = torch.stack([one.standard_error for one in found]).mean(0)
    truths = torch.tensor([pair.truth for pair in pairs])
    assert ((mean - truths).abs() < 2 * error).all()
    assert (error < 0.35 * truths).all()


def test_bad_input_is_named() -> None:
    def broken(states: Tensor, actions: Tensor) -> Tensor:
        return actions.sum(-1) + float("nan")

    with pytest.raises(InputError, match="NaN or infinite in state 0"):
        partition_function(broken, numbers(2), *SQUARE, generator=torch.Generator())
