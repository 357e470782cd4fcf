"""The wire's text messages: a strict codec; docs/wire.md says what they mean."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

PROTOCOL = 1
EXPIRES_MS = 5_000
MESSAGE_BYTES = 4_096
MESSAGES_PER_S = 60
STALE_MS = 500
STALE_REAL_MS = 1_500
"""Pictures of real cameras come from far, and say when they were captured: the runner holds a click against
the robot's last motion."""
MAX_CAMERAS = 128
LONGEST_MODE = 60
MOST_STEPS = 1_000
VERDICTS = ("reached", "not_reached", "broken")
"""What a person can say that a motion came to."""


class ProtocolError(Exception):
    """A message that cannot be taken; carries what the page is told."""

    def __init__(self, code: str, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.code, self.retry = code, retry

    def message(self) -> dict[str, Any]:
        """As sent to the page."""
        return {"type": "error", "code": self.code, "message": str(self), "retry": self.retry}


@dataclass(frozen=True)
class Command:
    """What a person orders for a robot."""

    kind: str
    """teleoperation, hard_reset, hand_back, verdict, put_right or set_aside."""
    command: UUID
    robot: int
    lease: str
    """Empty for what is ordered from the robot's side: a technician's role is the right to it."""
    expires_at: float
    frame: int | None = None
    x: float | None = None
    y: float | None = None
    mode: str | None = None
    """Of an assist: the supervisor's way that is chosen."""
    steps: int | None = None
    """Of an assist: for how many steps at most."""
    said: str | None = None
    """Of a verdict: one of VERDICTS. Of set_aside: "aside" or "back"."""


Check = Callable[[Any], bool]


def _integer(low: int, high: int) -> Check:
    return lambda value: type(value) is int and low <= value <= high


def _number(low: float, high: float) -> Check:
    return lambda value: (
        type(value) in (int, float) and math.isfinite(value) and low <= value <= high  # never bool
    )


def _text(longest: int) -> Check:
    return lambda value: isinstance(value, str) and 0 < len(value) <= longest and _whole(value)


def _whole(text: str) -> bool:
    """Half a surrogate pair is no character: nothing behind the wire could store it."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _uuid(value: Any) -> bool:
    if not isinstance(value, str) or len(value) != 36:
        return False
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


def _cameras(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= MAX_CAMERAS
        and all(
            isinstance(one, dict)
            and set(one) == {"robot", "size"}
            and _ROBOT(one["robot"])
            and one["size"] in ("full", "thumb")
            for one in value
        )
    )


_ROBOT = _integer(0, 65_535)
_FRAME = _integer(0, 2**32 - 1)
_TIME = _number(0, 1e15)
_FRACTION = _number(0, 1)
_BOOL: Check = lambda value: type(value) is bool  # noqa: E731
_BESIDE: dict[str, Check] = {"command": _uuid, "robot": _ROBOT, "expires_at": _TIME}
_COMMAND: dict[str, Check] = {**_BESIDE, "lease": _text(128)}
_FIELDS: dict[str, dict[str, Check]] = {
    "hello": {
        "protocol": _integer(0, 10_000),
        "page": lambda value: value in ("console", "fleet", "station"),
        "run": lambda value: value is None or _integer(1, 2**62)(value),
    },
    "ping": {"sent_at": _TIME},
    "watch": {"cameras": _cameras},
    "frame_ack": {"robot": _ROBOT, "size": lambda value: value in ("full", "thumb"), "frame": _FRAME},
    "push": {**_COMMAND, "frame": _FRAME, "x": _FRACTION, "y": _FRACTION},
    "assist": {**_COMMAND, "frame": _FRAME, "mode": _text(LONGEST_MODE), "steps": _integer(1, MOST_STEPS)},
    "hard_reset": {**_COMMAND, "frame": _FRAME},
    "hand_back": _COMMAND,
    "verdict": {**_COMMAND, "said": lambda value: value in VERDICTS},
    "put_right": _BESIDE,
    "set_aside": {**_BESIDE, "aside": _BOOL},
    "pause": {"paused": _BOOL},
    "stop": {},
    "motors_off": {},
    "start": {},
}
_VALID = {
    "x": "a number from 0 to 1 (inside the frame)",
    "y": "a number from 0 to 1 (inside the frame)",
    "cameras": f'a list of at most {MAX_CAMERAS} {{"robot", "size"}} with size full or thumb',
    "command": "a UUID in its usual form",
    "page": "console, fleet or station",
    "said": ", ".join(VERDICTS),
    "size": "full or thumb",
    "mode": f"a name of 1 to {LONGEST_MODE} characters from the welcome",
    "steps": f"a whole number from 1 to {MOST_STEPS}",
    "expires_at": "milliseconds since 1970 on the server's clock",
}


def decode(text: str) -> dict[str, Any]:
    """A page's message, checked field by field.

    Raises ProtocolError (malformed, too_large, unknown_type, protocol) with a sentence that names the value.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MESSAGE_BYTES:
        raise ProtocolError("too_large", f"a message may have at most {MESSAGE_BYTES} bytes")
    try:
        message = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("malformed", "this is not valid JSON") from error
    if not isinstance(message, dict):
        raise ProtocolError("malformed", "a message must be a JSON object with a type")
    kind = message.get("type")
    if not isinstance(kind, str):
        raise ProtocolError("malformed", f"type is {_short(kind)}; a message must say its type as text")
    fields = _FIELDS.get(kind)
    if fields is None:
        known = ", ".join(_FIELDS)
        raise ProtocolError("unknown_type", f"type {_short(kind)} is unknown; valid are {known}")
    if unknown := sorted(set(message) - set(fields) - {"type"}):
        raise ProtocolError("malformed", f"{kind} has no field {_short(unknown[0])}")
    for name, valid in fields.items():
        if name not in message:
            raise ProtocolError("malformed", f"{kind} needs the field {name}")
        if not valid(message[name]):
            expected = _VALID.get(name, "described in the protocol")
            raise ProtocolError("malformed", f"{name} is {_short(message[name])}; valid is {expected}")
    if kind == "hello" and message["protocol"] != PROTOCOL:
        raise ProtocolError(
            "protocol", f"protocol {message['protocol']} is not spoken here, {PROTOCOL} is; reload the page"
        )
    return message


def command(message: dict[str, Any]) -> Command:
    """A decoded push, assist, hard_reset, hand_back, verdict, put_right or set_aside as a Command."""
    kind = "teleoperation" if message["type"] in ("push", "assist") else message["type"]
    said = message.get("said")
    if "aside" in message:
        said = "aside" if message["aside"] else "back"
    return Command(
        kind=kind,
        command=UUID(message["command"]),
        robot=message["robot"],
        lease=message.get("lease", ""),
        expires_at=float(message["expires_at"]),
        frame=message.get("frame"),
        x=message.get("x"),
        y=message.get("y"),
        mode=message.get("mode"),
        steps=message.get("steps"),
        said=said,
    )


def encode(message: dict[str, Any]) -> str:
    """A server's message as text; NaN is a programming error."""
    return json.dumps(message, allow_nan=False, separators=(",", ":"))


def outcome(
    command_id: UUID | str,
    robot: int,
    status: str,
    reason: str = "",
    *,
    clipped: bool = False,
    anchor: tuple[float, float] | None = None,
    end: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """What became of a command."""
    return {
        "type": "outcome",
        "command": str(command_id),
        "robot": robot,
        "status": status,
        "reason": reason,
        "clipped": clipped,
        "anchor": list(anchor) if anchor else None,
        "end": list(end) if end else None,
    }


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
