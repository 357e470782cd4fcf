"""Limits as people write them, in a file of their own or in a fleet file: the one place that reads them."""

from collections.abc import Mapping
from typing import Any

from robots.remote.limits import LimitError, Limits, Rectangle
from robots.remote.messages import finite

_NUMBERS = ("max_speed", "longest", "half_width")
_KEYS = ("workspace", *_NUMBERS, "keep_out")


def limits_of(told: Mapping[str, Any]) -> Limits:
    """Limits from keys and values; a rectangle is [left, bottom, right, top]. Raises LimitError."""
    if unknown := sorted(set(told) - set(_KEYS)):
        raise LimitError(f"unknown key {unknown[0]!r}; valid are {', '.join(_KEYS)}")
    if missing := sorted(set(_KEYS) - set(told) - {"keep_out"}):
        raise LimitError(f"{', '.join(missing)} missing; only keep_out may be left out")
    zones = told.get("keep_out", [])
    if not isinstance(zones, list):
        raise LimitError(f"keep_out is {zones!r}, but must be a list of rectangles")
    return Limits(
        workspace=_rectangle("workspace", told["workspace"]),
        keep_out=tuple(_rectangle("keep_out", zone) for zone in zones),
        **{name: _number(name, told[name]) for name in _NUMBERS},
    )


def _rectangle(name: str, value: object) -> Rectangle:
    if not isinstance(value, list) or len(value) != 4:
        raise LimitError(f"{name} is {value!r}, but must be 4 numbers: left, bottom, right, top [m]")
    return Rectangle(*(_number(name, number) for number in value))


def _number(name: str, value: object) -> float:
    number = finite(value)
    if number is None:
        raise LimitError(f"{name} is {value!r}, but must be a number")
    return number
