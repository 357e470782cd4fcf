"""This package's task is held to what the project asks of every task."""

import pytest

from robots.conformance import (
    FleetConformance,
    Kind,
    PhysicalFleetConformance,
    PhysicalKind,
    SupervisorConformance,
    of_task,
)
from robots.physical import PhysicalFleet
from robots.registry import make_physical_fleet


class TestCarts(FleetConformance):
    @pytest.fixture
    def kind(self) -> Kind:
        return of_task("cart", largest=50)


class TestBrakeman(SupervisorConformance):
    @pytest.fixture
    def kind(self) -> Kind:
        return of_task("rails.tasks:CART")


class TestCartsThatAreThere(PhysicalFleetConformance):
    @pytest.fixture
    def kind(self) -> PhysicalKind:
        def make(robots: int, seed: int) -> PhysicalFleet:
            return make_physical_fleet("rails.tasks:THERE", robots, seed)

        return PhysicalKind("cart", make)
