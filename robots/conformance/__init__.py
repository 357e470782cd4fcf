"""What fleets, supervisors and physical fleets promise, as tests that a package's own tests take over.

    from robots.conformance import FleetConformance, Kind

    class TestCarts(FleetConformance):
        @pytest.fixture
        def kind(self) -> Kind:
            return Kind("cart", Carts)

pytest then tries each promise on fleets that `Kind.make` makes. With `pytest.register_assert_rewrite(
"robots.conformance")` in a conftest.py, failures show their values.
"""

from importlib.util import find_spec

if find_spec("pytest") is None:
    raise ImportError("robots.conformance needs pytest; install it beside your tests")

from robots.conformance.fleet import FleetConformance
from robots.conformance.kinds import Kind, of_task
from robots.conformance.physical import PhysicalFleetConformance, PhysicalKind
from robots.conformance.supervisor import SupervisorConformance

__all__ = [
    "FleetConformance",
    "Kind",
    "PhysicalFleetConformance",
    "PhysicalKind",
    "SupervisorConformance",
    "of_task",
]
