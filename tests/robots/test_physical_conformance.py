"""The pretended physical fleet is held to what every physical fleet promises."""

import inspect
import time
from collections.abc import Collection, Sequence
from functools import partial

import pytest
from carts import Carts

from robots.conformance import PhysicalFleetConformance, PhysicalKind
from robots.conformance.physical import AT_ONCE_S
from robots.fleet import Frame
from robots.physical import Condition, Motion, MotionEnd
from robots.pretend import PretendClock, PretendFleet


class TestPretendFleet(PhysicalFleetConformance):
    """By a clock of its own: nobody waits."""

    @pytest.fixture
    def kind(self) -> PhysicalKind:
        clock = PretendClock()

        def make(robots: int, seed: int) -> PretendFleet:
            return PretendFleet(Carts(robots, seed), clock=clock)

        return PhysicalKind("carts", make, robots=3, wait=clock.sleep)


class TestPretendFleetInTime(PhysicalFleetConformance):
    """By the clock on the wall."""

    @pytest.fixture
    def kind(self) -> PhysicalKind:
        return PhysicalKind("carts", partial(self.make, motion_s=0.2))

    @staticmethod
    def make(robots: int, seed: int, motion_s: float) -> PretendFleet:
        return PretendFleet(Carts(robots, seed), motion_s=motion_s)


class Repeats(PretendFleet):
    """Tells every end twice."""

    def ended(self) -> list[MotionEnd]:
        ends = super().ended()
        return ends + ends


class Blocks(PretendFleet):
    """Waits for the motions that it begins."""

    def begin(self, motions: Sequence[Motion]) -> None:
        super().begin(motions)
        time.sleep(AT_ONCE_S)


class Halfway(PretendFleet):
    """Begins the good ones beside a bad one."""

    def begin(self, motions: Sequence[Motion]) -> None:
        super().begin(motions[:1])
        super().begin(motions[1:])


class Forgets(PretendFleet):
    """A stop ends when it has cut what moves."""

    def stop(self, reason: str, robots: Collection[int] | None = None, *, motors_off: bool = False) -> None:
        super().stop(reason, robots)
        self.release(robots)


class Silent(PretendFleet):
    """Says that a robot is stopped, and not why."""

    def conditions(self) -> list[Condition]:
        return [Condition(one.presence) for one in super().conditions()]


class Colourless(PretendFleet):
    """Pictures without a time."""

    def frames(self, ids: Sequence[int]) -> list[Frame]:
        return self.inner.frames(ids)


@pytest.mark.parametrize(
    ("kept_badly", "test"),
    [
        (Repeats, "test_begin_returns_at_once_and_each_motion_ends_once"),
        (Blocks, "test_begin_returns_at_once_and_each_motion_ends_once"),
        (Halfway, "test_one_bad_motion_and_nothing_moves"),
        (Forgets, "test_a_stop_cuts_what_moves_and_latches_until_it_is_released"),
        (Silent, "test_a_stop_cuts_what_moves_and_latches_until_it_is_released"),
        (Colourless, "test_frames_are_for_people_and_say_how_old_they_are"),
    ],
)
def test_a_broken_promise_is_found(kept_badly: type[PretendFleet], test: str) -> None:
    clock = PretendClock()
    fleet = kept_badly(Carts(2, 0), clock=clock)
    kind = PhysicalKind("carts", lambda robots, seed: fleet, wait=clock.sleep)
    given = {"kind": kind, "fleet": fleet, "fault": "NaN"}
    asked = getattr(PhysicalFleetConformance(), test)
    with pytest.raises(AssertionError):
        asked(**{name: given[name] for name in inspect.signature(asked).parameters})
