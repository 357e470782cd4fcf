"""What robots.fleet.Supervisor promises."""

from collections.abc import Sequence

import numpy as np
import pytest

from robots.conformance.kinds import ROBOTS, Kind
from robots.fleet import FleetError, Supervisor


class SupervisorConformance:
    """What algorithmic supervisors promise; a subclass gives a `kind` with `supervisors`."""

    @pytest.fixture
    def kind(self) -> Kind:
        """What is tried."""
        raise NotImplementedError("a subclass gives the fixture kind")

    def test_supervisors_act_within_bounds_and_by_seed(self, kind: Kind) -> None:
        fleet = kind.make(ROBOTS, 0)
        for supervisor, twin in zip(_supervisors(kind, 2, 3), _supervisors(kind, 2, 3), strict=True):
            actions = supervisor.actions(fleet, [2, 0])
            assert actions.shape == (2, fleet.spaces.action_size)
            assert actions.dtype == np.float32
            assert (np.abs(actions) <= 1).all()
            assert np.array_equal(actions, twin.actions(fleet, [2, 0]))
            assert supervisor.actions(fleet, []).shape == (0, fleet.spaces.action_size)

    def test_snapshots_hold_no_objects(self, kind: Kind) -> None:
        for supervisor in _supervisors(kind, 2, 0):
            assert all(array.dtype != object for array in supervisor.snapshot().values())

    def test_supervisors_restore_bit_for_bit(self, kind: Kind) -> None:
        fleet = kind.make(ROBOTS, 0)
        (supervisor,) = _supervisors(kind, 1, 0)
        (other,) = _supervisors(kind, 1, 1)
        supervisor.actions(fleet, [0, 1])
        taken = supervisor.snapshot()
        expected = supervisor.actions(fleet, [0, 1, 2])
        assert np.array_equal(other.actions(fleet, [0, 1, 2]), expected) != kind.noise
        other.restore(taken)
        assert np.array_equal(other.actions(fleet, [0, 1, 2]), expected)
        with pytest.raises(FleetError, match="snapshot"):
            other.restore(fleet.snapshot())


def _supervisors(kind: Kind, count: int, seed: int) -> Sequence[Supervisor]:
    assert kind.supervisors is not None, "a Kind whose supervisors are tried gives them"
    return kind.supervisors(count, seed)
