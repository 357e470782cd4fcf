"""What the supervisors of every registered task promise."""

import numpy as np
import pytest

from robots.fleet import FleetError
from robots.registry import make_fleet, make_supervisors, task_names

pytestmark = pytest.mark.parametrize("task", task_names())
ROBOTS = 3


def test_supervisors_act_within_bounds_and_by_seed(task: str) -> None:
    fleet = make_fleet(task, ROBOTS, 0)
    for supervisor, twin in zip(make_supervisors(task, 2, 3), make_supervisors(task, 2, 3), strict=True):
        actions = supervisor.actions(fleet, [2, 0])
        assert actions.shape == (2, fleet.spaces.action_size)
        assert actions.dtype == np.float32
        assert (np.abs(actions) <= 1).all()
        assert np.array_equal(actions, twin.actions(fleet, [2, 0]))
        assert supervisor.actions(fleet, []).shape == (0, fleet.spaces.action_size)


def test_snapshots_hold_no_objects(task: str) -> None:
    for supervisor in make_supervisors(task, 2, 0):
        assert all(array.dtype != object for array in supervisor.snapshot().values())


def test_supervisors_restore_bit_for_bit(task: str) -> None:
    fleet = make_fleet(task, ROBOTS, 0)
    (supervisor,) = make_supervisors(task, 1, 0)
    (other,) = make_supervisors(task, 1, 1)
    supervisor.actions(fleet, [0, 1])
    taken = supervisor.snapshot()
    expected = supervisor.actions(fleet, [0, 1, 2])
    assert not np.array_equal(other.actions(fleet, [0, 1, 2]), expected)
    other.restore(taken)
    assert np.array_equal(other.actions(fleet, [0, 1, 2]), expected)
    with pytest.raises(FleetError, match="snapshot"):
        other.restore(fleet.snapshot())
