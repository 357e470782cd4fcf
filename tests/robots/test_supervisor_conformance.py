"""The supervisors of every registered task are held to what each promises."""

import pytest

from robots.conformance import SupervisorConformance, of_task
from robots.registry import task_names


@pytest.mark.parametrize("kind", [pytest.param(of_task(task), id=task) for task in task_names()])
class TestSupervisors(SupervisorConformance):
    """Each test of the suite with each task."""
