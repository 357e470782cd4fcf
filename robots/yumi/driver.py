"""A fleet of YuMi arms from its fleet file: links over SSH, and each arm a task to read its pictures by."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robots.eyes import stored
from robots.remote.fleet import RemoteFleet
from robots.remote.record import Recorder
from robots.remote.settings import ArmSettings, FleetSettings, SettingsError, read_fleet_file
from robots.yumi.pushing import Pushing
from robots.yumi.tasks import NAMES


class PushingFleet(RemoteFleet):
    """Arms that push cubes. What cameras see stands in for true states, so that algorithms can help."""

    def __init__(self, settings: FleetSettings, recorder: Recorder | None = None) -> None:
        """Connecting begins now; raises SettingsError or CalibrationError before anything is connected."""
        self._tasks = [_task(settings, arm) for arm in settings.arms]
        super().__init__([arm.place for arm in settings.arms], self._tasks, recorder=recorder)
        self.task = settings.task

    def poses(self) -> NDArray[np.float64]:
        """Poses of the cubes as last seen, (N, 3), x, y [m] and yaw [rad]; zeros for one never seen."""
        poses = np.zeros((self.size, 3))
        for robot, arm in enumerate(self.arms):
            sight = arm.eyes.newest
            if sight is not None and sight.seen.pose is not None:
                poses[robot] = sight.seen.pose
        return poses

    def goals(self) -> NDArray[np.float64]:
        """Centres of the goals, (N, 2) [m]; zeros where none is set yet."""
        return np.array([task.goal or (0.0, 0.0) for task in self._tasks])


def open_fleet(file: Path, recording: Path | None = None) -> PushingFleet:
    """The fleet that a file describes; what happens on it is written to `recording` where that is given.

    Raises SettingsError, CalibrationError or RecordError, with a sentence, before anything moves.
    """
    settings = read_fleet_file(file)
    if settings.task not in NAMES:
        raise SettingsError(f"{file}: [fleet] task is {settings.task!r}; valid are {', '.join(NAMES)}")
    about = {"task": settings.task, "arms": [arm.place.address.name for arm in settings.arms]}
    recorder = None if recording is None else Recorder(recording, about)
    return PushingFleet(settings, recorder)


def _task(settings: FleetSettings, arm: ArmSettings) -> Pushing:
    if arm.calibration is None:
        raise SettingsError(
            f"{settings.path}: arm {arm.place.address.name!r} has no calibration; ./iifl calibrate makes one"
        )
    return Pushing(stored.load(arm.calibration))
