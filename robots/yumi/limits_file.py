"""An arm's limits as a file that people write: TOML, in metres and metres per second."""

import tomllib
from pathlib import Path
from typing import Any

from robots.remote.limits import LimitError, Limits, Rectangle

_NUMBERS = ("max_speed", "longest", "half_width")
_KEYS = ("workspace", *_NUMBERS, "keep_out")


def read_limits(path: Path) -> Limits:
    """Limits with the fields of robots.remote.limits.Limits; a rectangle is [left, bottom, right, top].

    Raises LimitError, with the file's name, for anything else.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LimitError(f"The limits file {path} cannot be read: {error}") from error
    wrong = sorted(set(told) - set(_KEYS)) + sorted(set(_KEYS) - set(told) - {"keep_out"})
    if wrong:
        raise LimitError(
            f"The limits file {path} has an unknown key, or lacks one: {', '.join(wrong)}. It takes "
            f"{', '.join(_KEYS)}; only keep_out may be left out."
        )
    try:
        zones = told.get("keep_out", [])
        if not isinstance(zones, list):
            raise LimitError(f"keep_out is {zones!r}, but must be a list of rectangles")
        numbers = {name: _number(name, told[name]) for name in _NUMBERS}
        keep_out = tuple(_rectangle(f"keep_out {index}", zone) for index, zone in enumerate(zones))
        return Limits(workspace=_rectangle("workspace", told["workspace"]), keep_out=keep_out, **numbers)
    except LimitError as error:
        raise LimitError(f"{path}: {error}") from error


def _rectangle(name: str, value: Any) -> Rectangle:
    if not isinstance(value, list) or len(value) != 4:
        raise LimitError(f"{name} is {value!r}, but must be [left, bottom, right, top] in metres")
    return Rectangle(*(_number(name, number) for number in value))


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LimitError(f"{name} holds {value!r}, but must hold numbers")
    return float(value)
