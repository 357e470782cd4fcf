"""Type of options that name a fleet of arms: a file, a folder, or the twins."""

from argparse import ArgumentTypeError

TWIN = "yumi-twin"


def fleet(text: str) -> str:
    """Argument type: a fleet file, the folder of a recording, or the twins; commands look for it."""
    if text.strip() and "\0" not in text and len(text) <= 4096:
        return text
    raise ArgumentTypeError(
        f"{text[:60]!a} is not valid; valid is a fleet file, the folder of a recording, or {TWIN}"
    )
