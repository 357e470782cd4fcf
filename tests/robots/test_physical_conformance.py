"""The pretended physical fleet is held to what every physical fleet promises."""

from functools import partial

import pytest
from carts import Carts

from robots.conformance import PhysicalFleetConformance, PhysicalKind
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
