"""Initial datasets: what they hold, that they repeat, and that their digest tells them apart."""

import numpy as np
import pytest

from robots.demonstrations import collect, digest
from robots.fleet import FleetError
from robots.registry import task_names


@pytest.mark.parametrize("task", task_names())
def test_each_supervisor_gives_half(task: str) -> None:
    observations, actions, supervisors = collect(task, 40, 0)
    assert len(observations) == len(actions) == len(supervisors) == 40
    assert actions.dtype == np.float32
    assert (np.abs(actions) <= 1).all()
    assert supervisors.dtype == np.int64
    assert np.bincount(supervisors).tolist() == [20, 20]


def test_observations_are_the_policys_images() -> None:
    observations, actions, _ = collect("block_push", 10, 0, robots=3)
    assert observations.shape == (10, 64, 64, 3)
    assert observations.dtype == np.uint8
    assert actions.shape == (10, 2)
    assert len({image.tobytes() for image in observations}) == 10


def test_an_image_is_what_was_seen_before_its_push() -> None:
    """The cube leaves its place between an image and the same robot's next one, along the action."""
    observations, actions, _ = collect("block_push", 24, 1, robots=2)
    blue = observations[..., 2].astype(float) - observations[..., 0]
    weight = np.clip(blue - 60, 0, None)
    rows, columns = np.mgrid[:64, :64]
    x = (weight * columns).sum(axis=(1, 2)) / weight.sum(axis=(1, 2))
    y = -(weight * rows).sum(axis=(1, 2)) / weight.sum(axis=(1, 2))
    moved = np.stack([x[2:] - x[:-2], y[2:] - y[:-2]], axis=1)
    pixels = 0.06 * 64 / 0.40
    assert np.median(np.abs(moved - actions[:-2] * pixels)) < 0.7


def test_the_same_seed_gives_the_same_data_and_another_seed_others() -> None:
    first, again, other = (collect("block_push", 12, seed) for seed in (3, 3, 4))
    assert digest(*first) == digest(*again) != digest(*other)


def test_more_samples_go_on_where_fewer_ended() -> None:
    few, many = collect("block_push", 10, 0), collect("block_push", 22, 0)
    for short, long in zip(few, many, strict=True):
        assert np.array_equal(short, long[:10])


def test_the_digest_sees_every_array_shape_and_type() -> None:
    observations, actions, supervisors = collect("block_push", 8, 0)
    known = digest(observations, actions, supervisors)
    assert len(known) == 64
    nudged = actions.copy()
    nudged[0, 0] = np.nextafter(nudged[0, 0], 2.0)
    assert digest(observations, nudged, supervisors) != known
    assert digest(observations, actions, 1 - supervisors) != known
    assert digest(observations.reshape(8, -1), actions, supervisors) != known
    assert digest(observations, actions, supervisors.astype(np.uint64)) != known
    assert digest(observations[..., ::-1][..., ::-1], actions, supervisors) == known


@pytest.mark.parametrize("samples", [0, -5, 2.5, True, "10"])
def test_bad_numbers_of_samples_are_refused(samples: int) -> None:
    with pytest.raises(FleetError, match="samples"):
        collect("block_push", samples, 0)


def test_a_robot_for_each_supervisor_and_a_known_task_are_needed() -> None:
    with pytest.raises(FleetError, match="robots is 1"):
        collect("block_push", 10, 0, robots=1)
    with pytest.raises(FleetError, match="valid tasks"):
        collect("chess", 10, 0)
