"""What pages tell of arms that are there: where each is, what it may do, and what it did last."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from iifl_server.fleets.models import Motion, Run
from robots.eyes import stored
from robots.fleet import RobotsError
from robots.remote.limits import Limits
from robots.remote.settings import ArmSettings, read_fleet_file

SHOWN_MOTIONS = 40


@dataclass(frozen=True)
class ArmShown:
    """One arm on its page."""

    robot: int
    name: str
    place: str
    limits: list[tuple[str, str]]
    """What is limited, and to what; as the driver holds it, the agent has limits of its own."""
    camera: str


def arms_of(run: Run) -> tuple[list[ArmShown], str]:
    """The arms of a run, and a sentence where its fleet file cannot be read."""
    if not run.fleet_file:
        return [], "This run is a simulation: it has no arms."
    file = Path(settings.DATA) / run.fleet_file
    if file.is_dir():
        return [], "This run shows a recording: it has no arms."
    try:
        arms = read_fleet_file(file).arms
    except RobotsError as error:
        return [], str(error)
    return [_shown(robot, arm) for robot, arm in enumerate(arms)], ""


def last_motions(run: Run) -> list[dict[str, Any]]:
    """The newest motions first."""
    found = Motion.objects.filter(run=run).order_by("-asked_at")[:SHOWN_MOTIONS]
    return [
        {
            "at": one.asked_at,
            "robot": one.robot,
            "author": one.author,
            "action": ", ".join(f"{value:+.2f}" for value in one.action),
            "status": one.get_status_display(),
            "detail": one.detail or (f"somebody said: {one.verdict}" if one.verdict else ""),
            "took": f"{(one.ended_at - one.began_at).total_seconds():.1f} s"
            if one.ended_at and one.began_at
            else "",
        }
        for one in found
    ]


def _shown(robot: int, arm: ArmSettings) -> ArmShown:
    place = arm.place
    address = place.address
    return ArmShown(
        robot,
        address.name,
        f"{address.user}@{address.host}:{address.port}",
        _limits(place.limits),
        _camera(arm),
    )


def _limits(limits: Limits | None) -> list[tuple[str, str]]:
    if limits is None:
        return [("limits", "none here; its agent has its own")]
    area = limits.workspace
    return [
        ("workspace", f"{area.left:g} to {area.right:g} m across, {area.bottom:g} to {area.top:g} m along"),
        ("speed", f"at most {limits.max_speed:g} m/s"),
        ("motion", f"at most {limits.longest:g} m"),
        ("keep out", f"{len(limits.keep_out)} areas" if limits.keep_out else "nothing"),
    ]


def _camera(arm: ArmSettings) -> str:
    if arm.calibration is None:
        return "not calibrated"
    try:
        known = stored.load(arm.calibration)
    except RobotsError as error:
        return str(error)
    off = "error not known" if known.worst_mm is None else f"off by at most {known.worst_mm:.2f} mm"
    return f"calibrated {known.date[:10]}, {off}"
