"""How a robot is, decided from what was last heard of it."""

from dataclasses import dataclass

from robots.physical import Condition, Presence


@dataclass(frozen=True)
class Heard:
    """What an agent last said of its arm."""

    ready: str = "yes"
    stopped: str = ""
    moving: str = ""
    camera: str = ""


@dataclass(frozen=True)
class Known:
    """All that decides a condition."""

    latched: str
    """Why this process holds the robot stopped; empty where it does not."""
    away: str
    """Why there is no link; empty where there is one."""
    ordered: bool
    """Whether a motion is on its way whose end was not told yet."""
    heard: Heard
    picture_age: float | None
    """Of the newest picture [s]; None where there never was one."""
    stale_s: float
    """Age from which a picture does not show the world any more [s]."""
    trouble: str
    """Why the newest picture cannot be worked by; empty where it can."""


def condition(known: Known) -> Condition:
    """A stop before all, then the link, then motion, then what keeps it from moving."""
    heard = known.heard
    if stopped := known.latched or heard.stopped:
        link = f" {known.away}" if known.away else ""
        return Condition(Presence.STOPPED, f"stopped: {stopped}; release it when all is well.{link}")
    if known.away:
        return Condition(Presence.AWAY, known.away)
    if known.ordered or heard.moving:
        return Condition(Presence.MOVING)
    if heard.ready != "yes":
        return Condition(Presence.AWAY, heard.ready)
    if heard.camera:
        return Condition(Presence.AWAY, heard.camera)
    if known.picture_age is None:
        return Condition(Presence.AWAY, "no picture has come yet")
    if known.picture_age > known.stale_s:
        return Condition(
            Presence.AWAY,
            f"the newest picture is {known.picture_age:.0f} s old; look at the camera and the network",
        )
    if known.trouble:
        return Condition(Presence.AWAY, known.trouble)
    return Condition(Presence.READY)
