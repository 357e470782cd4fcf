"""The nearest sample: distances in standard deviations of the initial data, however many there are."""

import numpy as np
import pytest

from policy import InputError
from policy.uncertainty.nearest import NearestSample


def test_distances_are_those_of_standardised_components() -> None:
    draws = np.random.default_rng(0)
    known = (draws.normal(size=(500, 4)) * [1.0, 10.0, 0.1, 0.0] + [0.0, 5.0, 0.0, 3.0]).astype(np.float32)
    nearest = NearestSample(known)
    assert nearest(known[:7]) == pytest.approx(np.zeros(7), abs=1e-2)
    asked = draws.normal(size=(20, 4)).astype(np.float32)
    used = [0, 1, 2]  # The last one never varied: whatever it is now says nothing.
    scaled = (asked - known.mean(0))[:, used] / known.std(0)[used]
    base = (known - known.mean(0))[:, used] / known.std(0)[used]
    expected = np.linalg.norm(scaled[:, None] - base, axis=-1).min(axis=1)
    assert nearest(asked) == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_what_was_learned_is_near_and_the_scale_stays() -> None:
    known = np.random.default_rng(1).normal(size=(100, 2)).astype(np.float32)
    nearest = NearestSample(known)
    far = np.array([[50.0, 50.0], [52.0, 50.0]], dtype=np.float32)
    before = nearest(far)
    nearest.learn(np.concatenate([known, far[:1]]))
    after = nearest(far)
    assert nearest.learned == 101
    assert after[0] == pytest.approx(0.0, abs=0.05)
    assert after[1] == pytest.approx(2.0 / known[:, 0].std(), rel=1e-2)
    assert before.min() > 40


def test_images_are_taken_and_nothing_is_refused() -> None:
    images = np.random.default_rng(2).integers(0, 256, (5, 8, 8, 3)).astype(np.uint8)
    assert NearestSample(images)(images).shape == (5,)
    with pytest.raises(InputError, match="no observations"):
        NearestSample(images[:0])
