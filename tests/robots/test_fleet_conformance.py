"""Every registered task, on each of its backends, is held to what every fleet promises.

MuJoCo Warp runs on the CPU here, where it is slow: it is tried with fewer robots. Isaac Gym is stood in for
by a process that speaks its worker's protocol.
"""

from functools import partial

import pytest
from isaacgym_stand_in.fleet import EPISODE_LENGTH, cart_fleet

from robots.backends import mjwarp
from robots.conformance import FleetConformance, Kind
from robots.registry import backend_names, make_fleet, task_defaults, task_names

needs_mjwarp = pytest.mark.skipif(mjwarp.missing() is not None, reason=str(mjwarp.missing()))
FIXED_START = {"navigation"}


def kind_of(task: str, backend: str, largest: int = 1000) -> Kind:
    return Kind(
        task,
        partial(make_fleet, task, backend=backend),
        task_defaults(task).episode_length,
        largest,
        fixed_start=task in FIXED_START,
    )


@pytest.mark.parametrize(
    "kind",
    [
        *(pytest.param(kind_of(task, backend_names(task)[0]), id=task) for task in task_names()),
        *(
            pytest.param(
                kind_of(task, "mjwarp", largest=20),
                id=f"{task}-mjwarp",
                marks=[needs_mjwarp, pytest.mark.slow(30), pytest.mark.timeout(900)],
            )
            for task in task_names()
            if "mjwarp" in backend_names(task)
        ),
        pytest.param(Kind("cart", cart_fleet, EPISODE_LENGTH), id="cart-isaacgym"),
    ],
)
class TestFleets(FleetConformance):
    """Each test of the suite with each kind."""
