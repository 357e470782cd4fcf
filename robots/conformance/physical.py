"""What robots.physical.PhysicalFleet promises."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import pytest

from robots.fleet import FleetError
from robots.physical import Condition, Ended, Motion, MotionEnd, PhysicalFleet, Presence


@dataclass(frozen=True)
class PhysicalKind:
    """What is held to the promises of a physical fleet. Everything moves a little: keep clear."""

    task: str
    """What its fleets call their task."""
    make: Callable[[int, int], PhysicalFleet]
    """(robots, seed) to fleet."""
    robots: int = 2
    """At least two."""
    wait: Callable[[float], None] = time.sleep
    """Lets time pass [s]; of a pretended clock where there is one."""
    waits: int = 2000
    """How often it is waited for an end, POLL_S each."""
    action: float = 0.05
    """Of every component of every motion: small, and safe anywhere."""


POLL_S = 0.05
AT_ONCE_S = 0.5
"""What returns at once takes no longer, on a busy machine either."""
_numbers = count()


class PhysicalFleetConformance:
    """What robots.physical.PhysicalFleet promises; a subclass gives the fixture `kind`."""

    @pytest.fixture
    def kind(self) -> PhysicalKind:
        """What is tried."""
        raise NotImplementedError("a subclass gives the fixture kind")

    @pytest.fixture
    def fleet(self, kind: PhysicalKind) -> Iterator[PhysicalFleet]:
        """One whose robots are all ready; closed when the test is over."""
        fleet = kind.make(kind.robots, 0)
        try:
            _until(kind, lambda: all(one.presence is Presence.READY for one in fleet.conditions()))
            yield fleet
        finally:
            fleet.close()

    def test_says_who_it_is(self, kind: PhysicalKind, fleet: PhysicalFleet) -> None:
        assert (fleet.task, fleet.size) == (kind.task, kind.robots)
        assert fleet.episode_length > 0
        assert 0 <= fleet.sure <= 1
        assert fleet.slowest_s > 0
        assert isinstance(fleet.resets_itself, bool)

    def test_observations_have_the_promised_shape(self, fleet: PhysicalFleet) -> None:
        seen = fleet.observe()
        assert seen.shape == (fleet.size, *fleet.spaces.observation_shape)
        assert seen.dtype == fleet.spaces.observation_dtype

    def test_frames_are_for_people_and_say_how_old_they_are(self, fleet: PhysicalFleet) -> None:
        frames = fleet.frames([1, 0])
        assert [frame.image.shape for frame in frames] == [(480, 640, 3)] * 2
        assert all(frame.image.dtype == np.uint8 and frame.captured_at is not None for frame in frames)
        assert fleet.frames([]) == []

    def test_begin_returns_at_once_and_each_motion_ends_once(
        self, kind: PhysicalKind, fleet: PhysicalFleet
    ) -> None:
        motions = [_motion(kind, fleet, robot) for robot in range(fleet.size)]
        begun = time.perf_counter()
        fleet.begin(motions)
        assert time.perf_counter() - begun < AT_ONCE_S
        ends = _ends(kind, fleet, len(motions))
        assert sorted(end.motion.id for end in ends) == sorted(motion.id for motion in motions)
        assert {end.ended for end in ends} == {Ended.DONE}
        for end in ends:
            assert end.began_at is None or end.ended_at is None or end.began_at <= end.ended_at
            assert 0 <= end.confidence <= 1
        _nothing_more(kind, fleet)

    def test_a_robot_is_moving_until_its_motion_ends(self, kind: PhysicalKind, fleet: PhysicalFleet) -> None:
        fleet.begin([_motion(kind, fleet, 0)])
        conditions = fleet.conditions()
        assert [one.presence for one in conditions] == [
            Presence.MOVING, *[Presence.READY] * (fleet.size - 1),
        ]  # fmt: skip
        _check_reasons(conditions)
        _ends(kind, fleet, 1)
        _until(kind, lambda: fleet.conditions()[0].presence is Presence.READY)
        _check_reasons(fleet.conditions())

    def test_a_moving_robot_takes_no_other_motion(self, kind: PhysicalKind, fleet: PhysicalFleet) -> None:
        first, second = _motion(kind, fleet, 0), _motion(kind, fleet, 0)
        fleet.begin([first])
        taken = _begin(fleet, second)
        ends = {end.motion.id: end for end in _ends(kind, fleet, 1 + taken)}
        assert ends[first.id].ended is Ended.DONE
        if taken:
            assert (ends[second.id].ended, bool(ends[second.id].detail)) == (Ended.REFUSED, True)
        _nothing_more(kind, fleet)

    def test_no_motion_moves_a_robot_twice(self, kind: PhysicalKind, fleet: PhysicalFleet) -> None:
        motion = _motion(kind, fleet, 0)
        fleet.begin([motion])
        _ends(kind, fleet, 1)
        _until(kind, lambda: fleet.conditions()[0].presence is Presence.READY)
        if _begin(fleet, motion):
            (end,) = _ends(kind, fleet, 1)
            assert end.ended is Ended.REFUSED
        _nothing_more(kind, fleet)

    @pytest.mark.parametrize("fault", ["twice", "unknown", "negative", "NaN", "infinity", "long", "flat"])
    def test_one_bad_motion_and_nothing_moves(
        self, kind: PhysicalKind, fleet: PhysicalFleet, fault: str
    ) -> None:
        good = _motion(kind, fleet, 0)
        size = fleet.spaces.action_size
        robot = {"twice": 0, "unknown": fleet.size, "negative": -1}.get(fault, 1)
        action = {
            "NaN": np.full(size, np.nan, dtype=np.float32),
            "infinity": np.full(size, np.inf, dtype=np.float32),
            "long": np.zeros(size + 1, dtype=np.float32),
            "flat": np.zeros((1, size), dtype=np.float32),
        }.get(fault, good.action)
        with pytest.raises(FleetError):
            fleet.begin([good, Motion(f"bad {next(_numbers)}", robot, action, good.within_s)])
        _nothing_more(kind, fleet)
        assert fleet.conditions()[0].presence is Presence.READY

    def test_a_stop_cuts_what_moves_and_latches_until_it_is_released(
        self, kind: PhysicalKind, fleet: PhysicalFleet
    ) -> None:
        fleet.begin([_motion(kind, fleet, robot) for robot in range(fleet.size)])
        fleet.stop("the conformance suite stops everything")
        assert {end.ended for end in _ends(kind, fleet, fleet.size)} <= {Ended.CUT, Ended.REFUSED}
        assert {one.presence for one in fleet.conditions()} == {Presence.STOPPED}
        _check_reasons(fleet.conditions())
        for _ in range(3):
            kind.wait(POLL_S)
            assert {one.presence for one in fleet.conditions()} == {Presence.STOPPED}
        if _begin(fleet, _motion(kind, fleet, 0)):
            assert _ends(kind, fleet, 1)[0].ended is Ended.REFUSED
        fleet.release()
        _until(kind, lambda: all(one.presence is Presence.READY for one in fleet.conditions()))
        fleet.begin([_motion(kind, fleet, 0)])
        assert _ends(kind, fleet, 1)[0].ended is Ended.DONE

    def test_a_stop_of_one_robot_leaves_the_others(self, kind: PhysicalKind, fleet: PhysicalFleet) -> None:
        fleet.begin([_motion(kind, fleet, 0), _motion(kind, fleet, 1)])
        fleet.stop("the conformance suite stops robot 1", [1])
        ends = {end.motion.robot: end for end in _ends(kind, fleet, 2)}
        assert (ends[0].ended, ends[1].ended) == (Ended.DONE, Ended.CUT)
        assert ends[1].detail
        presences = [one.presence for one in fleet.conditions()]
        assert presences[1] is Presence.STOPPED
        assert Presence.STOPPED not in (presences[0], *presences[2:])
        fleet.release([1])
        _until(kind, lambda: fleet.conditions()[1].presence is Presence.READY)

    def test_resets_answer_for_the_robots_they_were_asked_about(self, fleet: PhysicalFleet) -> None:
        fleet.reset([0])
        refused = fleet.hard_reset([1])
        assert set(refused) <= {1}
        assert all(isinstance(reason, str) and reason for reason in refused.values())

    def test_a_closed_fleet_moves_nothing(self, kind: PhysicalKind, fleet: PhysicalFleet) -> None:
        fleet.begin([_motion(kind, fleet, 0)])
        fleet.close()
        if _begin(fleet, _motion(kind, fleet, 1)):
            assert Ended.DONE not in {end.ended for end in fleet.ended() if end.motion.robot == 1}
        fleet.close()


def _motion(kind: PhysicalKind, fleet: PhysicalFleet, robot: int) -> Motion:
    action = np.full(fleet.spaces.action_size, kind.action, dtype=np.float32)
    return Motion(f"conformance {time.time_ns()} {next(_numbers)}", robot, action, 5.0)


def _begin(fleet: PhysicalFleet, motion: Motion) -> bool:
    """Whether a motion that cannot be carried out was taken at all; it may be refused outright instead."""
    try:
        fleet.begin([motion])
    except FleetError:
        return False
    return True


def _ends(kind: PhysicalKind, fleet: PhysicalFleet, wanted: int) -> list[MotionEnd]:
    """The next ends, as many as wanted."""
    found: list[MotionEnd] = []

    def there() -> bool:
        found.extend(fleet.ended())
        return len(found) >= wanted

    _until(kind, there)
    assert len(found) == wanted
    return found


def _nothing_more(kind: PhysicalKind, fleet: PhysicalFleet) -> None:
    for _ in range(5):
        assert fleet.ended() == []
        kind.wait(POLL_S)


def _until(kind: PhysicalKind, happened: Callable[[], bool]) -> None:
    for _ in range(kind.waits):
        if happened():
            return
        kind.wait(POLL_S)
    raise AssertionError(f"it did not happen within {kind.waits * POLL_S:g} s")


def _check_reasons(conditions: Sequence[Condition]) -> None:
    for one in conditions:
        assert bool(one.reason) == (one.presence is not Presence.READY)
