"""The supervision loop as a pure state machine: one loop for headless runs and live fleets.

A fleet step is three calls, each a pure function of what it is given:

1. `allocate`: uncertainties in, supervisors assigned to robots;
2. `order`: the policy's actions and what supervisors did in, what each robot does now;
3. `advance`: what the fleet reported in, the next state and who must be reset.

In lockstep every supervisor answers in every step; in flow a robot whose supervisor has not answered yet
holds still. A fleet that is no simulation adds its `Situation`. Nothing here reads a clock, a socket or a
device.
"""

from policy.supervision.config import SupervisionConfig
from policy.supervision.loop import Advance, Allocation, Orders, advance, allocate, order
from policy.supervision.situation import Situation
from policy.supervision.state import Event, Mode, SupervisionState

__all__ = [
    "Advance",
    "Allocation",
    "Event",
    "Mode",
    "Orders",
    "Situation",
    "SupervisionConfig",
    "SupervisionState",
    "advance",
    "allocate",
    "order",
]
