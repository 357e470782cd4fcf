"""What a driver asks of an agent: requests, each with its number.

Times are by the agent's monotonic clock [s] unless a field says otherwise.
"""

import math
from dataclasses import asdict, dataclass, fields
from typing import ClassVar

from robots.remote.framing import Packet, ProtocolError

LONGEST_TEXT = 4096
"""[characters]"""
LARGEST_NUMBER = 2**53
"""Request numbers above it would not survive JSON readers that know floats only."""


@dataclass(frozen=True)
class Request:
    """Base of all requests; a subclass checks its own fields."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True)
class Hello(Request):
    """Who drives; the first request of a link, answered with the session that orders need."""

    kind = "hello"
    driver: str

    def __post_init__(self) -> None:
        _text(self, "driver")


@dataclass(frozen=True)
class Beat(Request):
    """The driver lives; answered with the state of the arm and the agent's clock."""

    kind = "beat"
    pictures: int = 0
    """Pushed pictures that have arrived on this link: only a few more are sent before they are told of."""

    def __post_init__(self) -> None:
        request_number(self.pictures)


@dataclass(frozen=True)
class Observe(Request):
    """The newest picture, once; its JPEG is the answer's payload."""

    kind = "observe"


@dataclass(frozen=True)
class Subscribe(Request):
    """Push every new picture, at most so many a second; 0 ends it."""

    kind = "subscribe"
    rate: float

    def __post_init__(self) -> None:
        _number(self, "rate", least=0.0)


@dataclass(frozen=True)
class Act(Request):
    """One motion, answered when it has begun or is refused; its end comes as an event."""

    kind = "act"
    motion: str
    session: str
    begin: tuple[float, float]
    end: tuple[float, float]
    speed: float
    begin_by: float
    """It may begin until then, by the agent's clock as the driver knows it [s]."""
    within_s: float
    """How much time its driver gave it in all [s]: more than that left means that the clocks disagree."""

    def __post_init__(self) -> None:
        _text(self, "motion")
        _text(self, "session")
        for name in ("begin", "end"):
            object.__setattr__(self, name, _point(self, name))
        _number(self, "speed")
        _number(self, "begin_by")
        _number(self, "within_s", least=0.0)


@dataclass(frozen=True)
class Stop(Request):
    """Stop whatever moves, now; latched until Release."""

    kind = "stop"
    reason: str
    motors_off: bool = False

    def __post_init__(self) -> None:
        _text(self, "reason")
        if not isinstance(self.motors_off, bool):
            raise ProtocolError(f"stop: motors_off is {self.motors_off!r}, but must be true or false")


@dataclass(frozen=True)
class Release(Request):
    """End a stop."""

    kind = "release"


@dataclass(frozen=True)
class Became(Request):
    """What became of motions, by id: asked after a link was cut."""

    kind = "became"
    motions: tuple[str, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.motions, list | tuple) or not all(isinstance(m, str) for m in self.motions):
            raise ProtocolError(f"became: motions is {self.motions!r}, but must be a list of ids")
        object.__setattr__(self, "motions", tuple(self.motions))


@dataclass(frozen=True)
class ResetPrompt(Request):
    """Tell whoever stands by the robot what to put right."""

    kind = "reset_prompt"
    text: str

    def __post_init__(self) -> None:
        _text(self, "text")


REQUESTS: dict[str, type[Request]] = {
    request.kind: request
    for request in (Hello, Beat, Observe, Subscribe, Act, Stop, Release, Became, ResetPrompt)
}


def request_packet(number: int, request: Request) -> Packet:
    """A request as it travels."""
    return Packet({"request": number, "kind": request.kind, **asdict(request)})


def read_request(packet: Packet) -> tuple[int, Request]:
    """A request and its number; raises ProtocolError for what is none, with the field that is wrong."""
    header = dict(packet.header)
    number = request_number(header.pop("request", None))
    kind = header.pop("kind", None)
    if not isinstance(kind, str) or kind not in REQUESTS:
        raise ProtocolError(f"request {kind!r} is unknown; valid are {', '.join(REQUESTS)}")
    cls = REQUESTS[kind]
    known = {field.name for field in fields(cls)}
    if strange := header.keys() - known:
        raise ProtocolError(f"{kind}: unknown fields {sorted(strange)}; valid are {sorted(known)}")
    try:
        return number, cls(**header)
    except TypeError as error:
        raise ProtocolError(f"{kind}: a field is missing: {error}") from error


def finite(value: object) -> float | None:
    """A number as the protocol means it; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def request_number(value: object) -> int:
    """A request's number; raises ProtocolError for what is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_NUMBER:
        raise ProtocolError(f"request number {value!r} is not a whole number from 0")
    return value


def _text(request: Request, name: str) -> None:
    value = getattr(request, name)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
        raise ProtocolError(
            f"{request.kind}: {name} is {str(value)[:80]!r}, but must be 1 to {LONGEST_TEXT} characters"
        )


def _number(request: Request, name: str, least: float = -math.inf) -> None:
    value = finite(getattr(request, name))
    if value is None or value < least:
        floor = "" if least == -math.inf else f" of at least {least:g}"
        raise ProtocolError(
            f"{request.kind}: {name} is {getattr(request, name)!r}, but must be a number{floor}"
        )
    object.__setattr__(request, name, value)


def _point(request: Request, name: str) -> tuple[float, float]:
    value = getattr(request, name)
    if isinstance(value, list | tuple) and len(value) == 2:
        x, y = finite(value[0]), finite(value[1])
        if x is not None and y is not None:
            return x, y
    raise ProtocolError(f"{request.kind}: {name} is {value!r}, but must be two numbers, x and y [m]")
