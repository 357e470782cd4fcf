"""A fleet of YuMi arms from its fleet file: links over SSH, and each arm a task to read its pictures by."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robots.eyes import stored
from robots.remote.chunks import RecordError, about_record
from robots.remote.fleet import RemoteFleet
from robots.remote.record import Recorder
from robots.remote.replay import ReplayFleet
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

    def release(self, robots: Collection[int] | None = None) -> None:
        """End the stop of these arms, or of all; one whose link waits for somebody's word is tried again."""
        super().release(robots)
        self.reconnect(robots)

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
    about = {
        "task": settings.task,
        "arms": [arm.place.address.name for arm in settings.arms],
        "calibrations": [_calibration(settings, arm).read_text(encoding="utf-8") for arm in settings.arms],
    }
    recorder = None if recording is None else Recorder(recording, about)
    return PushingFleet(settings, recorder)


def open_recording(folder: Path) -> ReplayFleet:
    """What was recorded on a fleet, shown again; raises RecordError or CalibrationError."""
    return ReplayFleet(folder, recorded_tasks(folder))


def recorded_tasks(folder: Path) -> list[Pushing]:
    """For each arm of a recording, what reads its pictures; raises RecordError or CalibrationError."""
    about = about_record(folder)
    if about.get("task") not in NAMES or "calibrations" not in about:
        raise RecordError(
            f"{folder} is a recording of {about.get('task')!r}; valid is one of {', '.join(NAMES)} with the "
            "calibrations of its cameras"
        )
    return [Pushing(stored.parse(text, f"{folder}: calibration")) for text in about["calibrations"]]


def _task(settings: FleetSettings, arm: ArmSettings) -> Pushing:
    return Pushing(stored.load(_calibration(settings, arm)))


def _calibration(settings: FleetSettings, arm: ArmSettings) -> Path:
    if arm.calibration is None:
        raise SettingsError(
            f"{settings.path}: arm {arm.place.address.name!r} has no calibration; ./iifl calibrate makes one"
        )
    return arm.calibration
