"""What agent and RAPID module write to each other: numbered orders and reports, as RAPID values."""

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from robots.remote.side import Reach, SideError

MODULE = "IIFL_Push"
"""Name of the RAPID module; each arm's task has its own copy with its own data."""
PROTOCOL = 1
"""What `iifl_protocol` says in a module that these records fit."""
LARGEST_NUMBER = 2**52
"""RAPID's dnum counts exactly up to here."""
LARGEST_SESSION = 8_000_000
"""RAPID's num counts exactly up to a little more."""

_MM = 1000.0


class Result(IntEnum):
    """How an order ended, as the RAPID module tells it."""

    DONE = 1
    LIMITS = 2
    STOPPED = 3
    MIXED = 4
    UNCALIBRATED = 5
    UNREACHABLE = 6
    ELSEWHERE = 7
    STALE = 8


_SENTENCES = {
    Result.LIMITS: "The RAPID module refused the motion: it leaves iifl_limits. Correct the limits there, or "
    "the agent's to fit inside them.",
    Result.STOPPED: "The arm was stopped. It takes the next motion once the stop is released.",
    Result.MIXED: "The RAPID module found another order than was announced; nothing moved. End the other "
    "program that writes to this arm, then try again.",
    Result.UNCALIBRATED: "The RAPID module's iifl_calibrated is FALSE; nothing moved. Set the table's frame "
    "and the plate's tool data as docs/yumi.md says.",
    Result.UNREACHABLE: "The arm cannot get to a point of the motion, and has stopped. Jog it to iifl_ready "
    "on the pendant, and move the workspace or its limits nearer.",
    Result.ELSEWHERE: "The arm stands outside its workspace and will not travel from there; nothing moved. "
    "Jog it to iifl_ready on the pendant.",
    Result.STALE: "The program was halted, and has dropped the motion; had it begun, the arm stopped on its "
    "way. Look at the picture, then order a new one.",
}


class Order(NamedTuple):
    """One motion for one arm, with a number that no other has."""

    session: int
    number: int
    reach: Reach

    def value(self) -> str:
        """As the RAPID record `iiflorder`, in mm and mm/s."""
        reach = self.reach
        numbers = (*reach.begin, *reach.end, reach.speed)
        fields = ",".join(f"{value * _MM:.3f}" for value in numbers)
        return f"[{self.session},{self.number},{fields}]"

    @classmethod
    def of(cls, value: str) -> "Order":
        """Read such a record; raises SideError for anything else."""
        session, number, x0, y0, x1, y1, speed = numbers_of(value, 7)
        reach = Reach((x0 / _MM, y0 / _MM), (x1 / _MM, y1 / _MM), speed / _MM)
        return cls(int(session), int(number), reach)


@dataclass(frozen=True)
class Report:
    """What became of an order. In `iifl_begun` the result means nothing: the arm is on its way."""

    session: int
    number: int
    result: int

    def value(self) -> str:
        """As the RAPID record `iiflreport`."""
        return f"[{self.session},{self.number},{self.result}]"

    @classmethod
    def of(cls, value: str) -> "Report":
        """Read such a record; raises SideError for anything else."""
        session, number, result = numbers_of(value, 3)
        return cls(int(session), int(number), int(result))

    def sentence(self) -> str:
        """For people, with the mend; empty for a motion that was carried out."""
        if self.result == Result.DONE:
            return ""
        known = {int(result): sentence for result, sentence in _SENTENCES.items()}
        return known.get(
            self.result,
            f"The RAPID module ended the motion with result {self.result}, which this agent does not know. "
            f"Load the module {MODULE} that comes with the agent.",
        )


def numbers_of(value: str, count: int) -> list[float]:
    """The numbers of a flat RAPID record or array; raises SideError unless there are count finite ones."""
    text = value.strip()
    parts = text[1:-1].split(",") if text.startswith("[") and text.endswith("]") else []
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(math.isfinite(number) for number in numbers):
        raise SideError(
            f"A variable of the RAPID module holds {text[:80]!r}, but should hold {count} numbers in "
            f"brackets. Load the module {MODULE} that comes with this agent into the arm's task."
        )
    return numbers


def next_number(*used: int) -> int:
    """A number above all that were used; raises SideError where there is none left."""
    number = max(used, default=0) + 1
    if number > LARGEST_NUMBER:
        raise SideError(
            f"The motion number {number} is beyond what RAPID counts exactly. Load the module {MODULE} anew: "
            "its numbers begin at 0."
        )
    return number
