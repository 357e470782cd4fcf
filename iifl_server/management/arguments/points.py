"""Types of options that are points, sizes and cameras."""

import re
from argparse import ArgumentTypeError
from pathlib import Path

from iifl_server.management.arguments.numbers import number

_COORDINATE = number(-100_000, 100_000)
_SIZE = re.compile(r"([0-9]{2,5})x([0-9]{2,5})")


def point(text: str) -> tuple[float, float]:
    """Argument type: two numbers with a comma between."""
    parts = text.split(",")
    try:
        x, y = (_COORDINATE(part) for part in parts)
    except (ArgumentTypeError, ValueError):
        raise ArgumentTypeError(
            f"{_shown(text)} is not valid; valid is x,y: two numbers, as in 120.5,80"
        ) from None
    return x, y


def checked_point(text: str) -> tuple[float, float, float, float]:
    """Argument type: a pixel and what it shows, four numbers with commas between."""
    parts = text.split(",")
    try:
        x, y, right, up = (_COORDINATE(part) for part in parts)
    except (ArgumentTypeError, ValueError):
        raise ArgumentTypeError(
            f"{_shown(text)} is not valid; valid is x,y,right,up: a pixel and millimetres, "
            "as in 610,220,50,-50"
        ) from None
    return x, y, right, up


def size(text: str) -> tuple[int, int]:
    """Argument type: width and height in pixels."""
    found = _SIZE.fullmatch(text)
    if found is None or min(int(side) for side in found.groups()) < 16:
        raise ArgumentTypeError(
            f"{_shown(text)} is not valid; valid is WIDTHxHEIGHT from 16x16, as in 1280x720"
        )
    return int(found[1]), int(found[2])


def camera(text: str) -> str:
    """Argument type: a device number, a URL, or a file or folder that is there."""
    if text.isdecimal() and text.isascii() and len(text) <= 3:
        return text
    if re.match(r"[a-z][a-z0-9+.-]*://.", text):
        return text
    try:
        if text and "\0" not in text and Path(text).expanduser().exists():
            return str(Path(text).expanduser().absolute())
    except OSError:
        pass
    raise ArgumentTypeError(
        f"{_shown(text)} is no camera; valid is a device number such as 0, a URL such as rtsp://…, an image, "
        "or a folder of images"
    )


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 80 else text[:80] + "…")
