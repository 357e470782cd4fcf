"""Types of options that are numbers: what is not valid is refused in a sentence with what is."""

import math
import re
from argparse import ArgumentTypeError
from collections.abc import Callable

from iifl_server.names import LARGEST_SEED

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def whole(minimum: int, maximum: int) -> Callable[[str], int]:
    """Argument type: a whole number in a range, both ends included."""

    def parse(text: str) -> int:
        digits = text.strip()
        if not _WHOLE.fullmatch(digits) or len(digits) > 40 or not minimum <= int(digits) <= maximum:
            raise ArgumentTypeError(
                f"{_shown(text)} is not valid; valid is a whole number from {minimum} to {maximum}"
            )
        return int(digits)

    return parse


def number(
    minimum: float, maximum: float, *, above: bool = False, below: bool = False
) -> Callable[[str], float]:
    """Argument type: a finite number in a range.

    above, below: the minimum, or the maximum, itself is not valid.
    """
    low = f"above {minimum:g}" if above else f"from {minimum:g}"
    high = f"below {maximum:g}" if below else f"to {maximum:g}"

    def parse(text: str) -> float:
        value = float(text) if _NUMBER.fullmatch(text.strip()) else math.nan
        inside = (value > minimum if above else value >= minimum) and (
            value < maximum if below else value <= maximum
        )
        if not inside or not math.isfinite(value):
            raise ArgumentTypeError(f"{_shown(text)} is not valid; valid is a number {low} {high}")
        return value

    return parse


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 40 else text[:40] + "…")


SEED = whole(0, LARGEST_SEED)
ROBOTS = whole(1, 1000)
STEPS = whole(1, 10_000_000)
THREADS = whole(1, 1024)
CALIBRATION_STEPS = whole(1, 100_000)
PERCENTILE = number(0, 100)
PACE = number(0, 10, above=True)
"""Seconds of a fleet step."""
PORT = whole(1, 65535)
