"""Types of options that are paths: found out before the work that they are for."""

from argparse import ArgumentTypeError
from pathlib import Path


def writable_folder(text: str) -> Path:
    """Argument type: a folder that exists or can be made."""
    path = _absolute(text)
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".iifl-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ArgumentTypeError(f"cannot write into {text!r}: {error.strerror}") from None
    return path


def output_file(text: str) -> Path:
    """Argument type: a file that can be written."""
    path = _absolute(text)
    try:
        if path.is_dir():
            raise ArgumentTypeError(f"{text!r} is a folder; valid is the name of a file")
        if path.exists() and not path.is_file():
            return path  # A device or a pipe, such as /dev/stdout, which is not to be tried.
        writable_folder(str(path.parent))
        there = path.exists()
        with path.open("ab"):
            pass
        if not there:
            path.unlink()
    except OSError as error:
        raise ArgumentTypeError(f"cannot write {text!r}: {error.strerror}") from None
    return path


def _absolute(text: str) -> Path:
    if not text or "\0" in text:
        raise ArgumentTypeError(f"{text!r} is no path")
    return Path(text).expanduser().absolute()
