"""The robots of a run: simulated, of a fleet file, or of a task from outside."""

from pathlib import Path

from django.conf import settings

from iifl_server import seeds
from iifl_server.fleets.models import Run
from robots.fleet import Fleet
from robots.physical import PhysicalFleet
from robots.registry import is_physical, make_fleet, make_physical_fleet


def make_body(run: Run) -> Fleet | PhysicalFleet:
    """Raises RobotsError, with a sentence and before anything moves, where there can be none.

    What happens on arms of a fleet file is recorded in the data folder, a folder each time that it is opened;
    such a folder in place of a fleet file shows it again.
    """
    if run.fleet_file:
        from robots.yumi.driver import open_fleet, open_recording  # SSH takes long to import.

        data = Path(settings.DATA)
        if (data / run.fleet_file).is_dir():
            return open_recording(data / run.fleet_file)
        recording = data / "recordings" / f"run-{run.pk}-{run.runner_epoch}"
        return open_fleet(data / run.fleet_file, recording)
    seed = seeds.RUNS + run.seed
    if is_physical(run.task):
        return make_physical_fleet(run.task, run.robots, seed)
    return make_fleet(run.task, run.robots, seed)
