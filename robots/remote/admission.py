"""Whether a motion may begin: the decision alone, made beside the robot."""

from dataclasses import dataclass

from robots.remote.limits import LimitError, Limits
from robots.remote.messages import Act
from robots.remote.side import Reach

SLACK_S = 0.05
"""What two clocks that were compared seconds ago may differ by since [s]."""


@dataclass(frozen=True)
class Situation:
    """What an agent knows at the moment of an order."""

    now: float
    """By the agent's clock [s]."""
    session: str
    """Of the driver who said hello; empty before."""
    known: bool
    """Whether the motion's id was begun or refused before."""
    stopped: str = ""
    """Why a stop is latched; empty where none is."""
    moving: str = ""
    """The motion under way."""
    ready: str = "yes"
    """As the robot's side says."""
    blind: str = ""
    """What is wrong with the camera; empty where it sees."""


def refusal(act: Act, limits: Limits, situation: Situation) -> str:
    """Why this motion may not begin, in a sentence; empty where it may."""
    if not situation.session or act.session != situation.session:
        return "the order is of another session than the one that drives now; say hello and order anew"
    if situation.known:
        return f"motion {act.motion} was ordered before, and no motion is carried out twice"
    if situation.stopped:
        return f"the arm is stopped ({situation.stopped}); release it first"
    if situation.moving:
        return f"motion {situation.moving} is under way, and an arm makes one at a time"
    if late := _late(act, situation.now):
        return late
    if situation.ready != "yes":
        return situation.ready
    if situation.blind:
        return f"{situation.blind}, and the arm does not move blind"
    try:
        limits.check(Reach(act.begin, act.end, act.speed))
    except LimitError as error:
        return str(error)
    return ""


def _late(act: Act, now: float) -> str:
    left = act.begin_by - now
    if left < 0.0:
        return f"the order came {-left:.2f} s too late; order anew by what the camera shows now"
    if left > act.within_s + SLACK_S:
        return (
            f"the order has {left:.2f} s left of {act.within_s:.2f} s, more than it was given: "
            "the clocks disagree; connect anew"
        )
    return ""
