"""Uncertainty thresholds: a percentile, a fixed number, or a running quantile in bounded memory."""

import numpy as np
import pytest

from policy.allocation.threshold import BINS, BINS_PER_DECADE, UncertaintyCounts, check_threshold
from policy.errors import InputError
from policy.uncertainty.threshold import calibrate_threshold


def test_one_robot_step_in_a_hundred_lies_above_the_calibrated_threshold() -> None:
    values = np.random.default_rng(0).exponential(size=(1000, 100))
    threshold = calibrate_threshold(values)
    assert (values > threshold).mean() == pytest.approx(0.01, abs=1e-4)
    assert threshold == pytest.approx(-np.log(0.01), rel=0.05)


@pytest.mark.parametrize(
    ("values", "percentile", "words"),
    [
        ([], 99, "0 uncertainties"),
        ([1.0, np.nan], 99, "all finite"),
        ([1.0], 101, "percentile is 101"),
        ([-0.3, -0.2], 50, r"uncertainty_threshold is -0.25"),
    ],
)
def test_what_gives_no_threshold_is_refused(values: list[float], percentile: float, words: str) -> None:
    with pytest.raises(InputError, match=words):
        calibrate_threshold(values, percentile)


@pytest.mark.parametrize("value", [-1e-9, float("nan")])
def test_a_threshold_that_is_negative_or_no_number_is_named(value: float) -> None:
    with pytest.raises(InputError, match=f"uncertainty_threshold is {value!r}"):
        check_threshold(value)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99, 1.0])
def test_the_running_quantile_is_within_one_bin_of_the_exact_one(share: float) -> None:
    values = np.random.default_rng(1).lognormal(sigma=2.0, size=20_000)
    counts = UncertaintyCounts.empty()
    for part in np.array_split(values, 37):
        counts = counts.after(part)
    assert counts.total == 20_000
    assert abs(np.log10(counts.quantile(share) / np.quantile(values, share))) <= 1.01 / BINS_PER_DECADE


def test_counts_do_not_depend_on_the_order_and_never_grow() -> None:
    values = np.random.default_rng(2).lognormal(size=500)
    forwards = UncertaintyCounts.empty().after(values[:100]).after(values[100:])
    backwards = UncertaintyCounts.empty().after(values[::-1])
    assert (forwards.counts == backwards.counts).all()
    assert forwards.counts.shape == (BINS,)


def test_extreme_uncertainties_are_counted_at_the_ends() -> None:
    counts = UncertaintyCounts.empty().after([-1.0, 0.0, 1e-30, np.inf])
    assert counts.total == 4
    assert counts.quantile(0.5) == 0.0
    assert counts.quantile(1.0) >= 0.9e9


def test_quantiles_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError, match="no uncertainty was seen"):
        UncertaintyCounts.empty().quantile(0.5)
    with pytest.raises(InputError, match=r"share is 1.2"):
        UncertaintyCounts.empty().after([1.0]).quantile(1.2)
    with pytest.raises(InputError, match="NaN"):
        UncertaintyCounts.empty().after([1.0, np.nan])
    with pytest.raises(InputError, match="shape"):
        UncertaintyCounts(np.zeros(3, dtype=np.int64))
