"""Datasets only grow; members keep their resamples; augmentation does the six transformations."""

from pathlib import Path

import numpy as np
import pytest
import torch

from policy import Dataset, InputError
from policy.learning import AugmentationConfig, TrainingConfig, augment, augment_fold
from policy.learning.batches import Batches
from policy.learning.bootstrap import resample
from policy.learning.symmetry import transform

NOTHING = AugmentationConfig(contrast=(1, 1), brightness=0, gamma=(1, 1), blur=0, saturation=(1, 1), noise=0)


def test_appending_leaves_the_old_dataset_and_its_samples_alone(bright_or_dark: Dataset) -> None:
    digest = bright_or_dark.digest()
    longer = bright_or_dark.append(bright_or_dark.observations[:3], bright_or_dark.actions[:3], "person ana")
    assert (len(bright_or_dark), len(longer), longer.initial) == (40, 43, 40)
    assert bright_or_dark.digest() == digest != longer.digest()
    assert np.array_equal(longer.observations[:40], bright_or_dark.observations)
    assert longer.provenance[39:].tolist() == ["scripted 1", *["person ana"] * 3]
    with pytest.raises(ValueError, match="read-only"):
        longer.actions[0] = 0


def test_appending_moves_no_old_sample_and_datasets_that_part_stay_apart(bright_or_dark: Dataset) -> None:
    image, action = bright_or_dark.observations[:1], bright_or_dark.actions[:1]
    first = bright_or_dark.append(image, action, "person ana")
    grown = [first]
    for number in range(20):
        grown.append(grown[-1].append(image, action * 0 + number / 20, "person ana"))
    assert np.shares_memory(grown[-1].observations, first.observations)
    other = first.append(image, -action, "somebody with a longer name")
    assert grown[1].actions[-1].tolist() == [0.0, 0.0]
    assert other.provenance[-1] == "somebody with a longer name"
    assert np.array_equal(other.actions[-1], -action[0])
    assert [len(dataset) for dataset in grown] == list(range(41, 62))
    assert all(np.array_equal(dataset.actions, grown[-1].actions[: len(dataset)]) for dataset in grown)
    whole = Dataset(grown[-1].observations, grown[-1].actions, grown[-1].provenance, grown[-1].initial)
    assert whole.digest() == grown[-1].digest()


def test_noise_on_states_is_drawn_anew_for_every_batch_and_never_on_images(bright_or_dark: Dataset) -> None:
    states = np.random.default_rng(0).normal(size=(4000, 3)).astype(np.float32) * [1.0, 10.0, 0.0]
    dataset = Dataset(states.astype(np.float32), np.zeros((4000, 1), np.float32), np.array("x"))
    plain = TrainingConfig(batch_size=4000)
    noisy = TrainingConfig(batch_size=4000, state_noise=0.1)
    one, two = (Batches(dataset, np.arange(4000), each, np.random.default_rng(1)) for each in (plain, noisy))
    moved = (two.draw()[0] - one.draw()[0]).numpy()
    np.testing.assert_allclose(moved.std(axis=0), [0.1, 1.0, 0.0], rtol=0.1, atol=1e-6)
    assert not np.array_equal(two.draw()[0].numpy(), one.draw()[0].numpy() + moved)
    images = Batches(bright_or_dark, np.arange(40), noisy, np.random.default_rng(1)).draw()[0]
    assert images.dtype == torch.uint8


def test_saves_and_loads_and_refuses_what_is_no_dataset(bright_or_dark: Dataset, tmp_path: Path) -> None:
    longer = bright_or_dark.append(
        bright_or_dark.observations[:3], bright_or_dark.actions[:3], ["a", "b", "ü"]
    )
    longer.save(tmp_path / "data.npz")
    assert Dataset.load(tmp_path / "data.npz").digest() == longer.digest()
    whole = (tmp_path / "data.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut\.npz is no dataset"):
        Dataset.load(tmp_path / "cut.npz")


def test_samples_that_do_not_fit_are_refused(bright_or_dark: Dataset) -> None:
    images, actions = bright_or_dark.observations[:2], bright_or_dark.actions[:2]
    with pytest.raises(InputError, match="one row per sample"):
        bright_or_dark.append(images, actions[:1], "x")
    with pytest.raises(InputError, match="the dataset's are"):
        bright_or_dark.append(images[:, :8], actions, "x")
    with pytest.raises(InputError, match=r"\[-1, 1\]"):
        bright_or_dark.append(images, actions * np.nan, "x")


def test_members_resample_originals_differently_and_keep_their_resample_as_data_grow() -> None:
    first, second, grown = resample(300, 0, 5), resample(300, 1, 5), resample(500, 0, 5)
    assert not np.array_equal(first, second)
    assert np.array_equal(grown[: len(first)], first)
    assert (grown[len(first) :] >= 300).all()
    share = len(np.unique(resample(20_000, 0, 0))) / 20_000
    assert share == pytest.approx(1 - np.exp(-1), abs=0.01)


def test_without_ranges_augmentation_changes_nothing(bright_or_dark: Dataset) -> None:
    images = bright_or_dark.observations
    assert np.array_equal(augment(images, np.random.default_rng(0), NOTHING), images)


@pytest.mark.parametrize("only", ["contrast", "brightness", "gamma", "blur", "saturation", "noise"])
def test_each_transformation_changes_images_within_its_range(only: str) -> None:
    ranges = {name: getattr(NOTHING, name) for name in NOTHING.__dataclass_fields__}
    ranges[only] = getattr(AugmentationConfig(), only)
    images = np.random.default_rng(1).integers(20, 236, (50, 8, 8, 3)).astype(np.uint8)
    change = augment(images, np.random.default_rng(0), AugmentationConfig(**ranges)).astype(float) - images
    largest = {"contrast": 17, "brightness": 10.6, "gamma": 10.6, "blur": 4, "saturation": 12, "noise": 20}
    assert 0 < np.abs(change).max() <= largest[only]
    if only == "noise":
        assert change.std(axis=(1, 2, 3)).max() == pytest.approx(255 / 80, abs=0.5)
    if only == "brightness":  # one value per channel and image
        assert np.ptp(change, axis=(1, 2)).max() == 0
    if only == "saturation":  # moves along the line to the pixel's grey
        grey = images @ np.array([0.299, 0.587, 0.114])
        assert np.abs(change @ np.array([0.299, 0.587, 0.114])).max() < 0.6
        assert np.corrcoef(np.abs(images - grey[..., None]).ravel(), np.abs(change).ravel())[0, 1] > 0.4


def test_ten_fold_gives_ten_different_versions_in_order(bright_or_dark: Dataset) -> None:
    images = bright_or_dark.observations[:4]
    many = augment_fold(images, 10, np.random.default_rng(0))
    assert many.shape == (40, 16, 16, 3)
    assert len({version.tobytes() for version in many}) == 40
    near = np.abs(many.astype(float) - np.repeat(images, 10, axis=0)).mean()
    assert near < 15
    assert np.array_equal(many, augment_fold(images, 10, np.random.default_rng(0)))


def test_online_share_decides_how_much_of_a_batch_is_new(bright_or_dark: Dataset) -> None:
    new = np.full((5, 16, 16, 3), 255, dtype=np.uint8)
    grown = bright_or_dark.append(new, np.full((5, 2), -1.0, dtype=np.float32), "x")
    config = TrainingConfig(batch_size=20, fold=2, online_share=0.5)
    source = Batches(grown, np.arange(45), config, np.random.default_rng(0))
    for _ in range(3):
        _, actions = source.draw()
        assert int((actions[:, 0] == -1).sum()) == 10


@pytest.mark.parametrize("which", range(8))
def test_a_push_towards_a_spot_still_points_at_it_after_every_symmetry(which: int) -> None:
    image = np.zeros((1, 9, 9, 3), dtype=np.uint8)
    image[0, 2, 7] = 255  # 3 to the right of the centre and 2 up
    turned, moved = transform(image, np.array([[0.3, 0.2]], dtype=np.float32), np.array([which]))
    row, column = np.argwhere(turned[0, :, :, 0])[0]
    np.testing.assert_allclose(moved[0], [(column - 4) / 10, (4 - row) / 10], atol=1e-6)
    assert (which == 0) == np.array_equal(turned, image)


def test_the_eight_symmetries_differ_and_need_a_square_image() -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3)).astype(np.uint8)
    push = np.array([[0.3, 0.2]], dtype=np.float32)
    assert len({transform(image, push, np.array([which]))[0].tobytes() for which in range(8)}) == 8
    with pytest.raises(InputError, match="must be square"):
        transform(image[:, :4], push, np.array([0]))
