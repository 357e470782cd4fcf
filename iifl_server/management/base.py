"""What every `./iifl` command shares: its name in help texts, short options, errors without a traceback."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from iifl_server.errors import ServerError
from policy.errors import PolicyError
from robots.fleet import RobotsError

BAD_USAGE = 2


class IIFLCommand(BaseCommand):
    """A command whose mistakes end in one sentence and exit code 1 (failed) or 2 (bad usage)."""

    suppressed_base_arguments = {
        "--version",
        "-v",
        "--verbosity",
        "--settings",
        "--pythonpath",
        "--traceback",
        "--no-color",
        "--force-color",
        "--skip-checks",
    }
    requires_system_checks: list[str] = []
    stealth_options = ("traceback",)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(
            prog_name, subcommand, formatter_class=argparse.ArgumentDefaultsHelpFormatter, **kwargs
        )
        parser.prog = f"./iifl {subcommand}"
        return parser

    def handle(self, *args: Any, **options: Any) -> str | None:
        try:
            self.run(**options)
        except (PolicyError, RobotsError, ServerError) as error:
            raise CommandError(str(error), returncode=BAD_USAGE) from error
        except KeyboardInterrupt:
            raise CommandError("interrupted", returncode=130) from None
        return None

    def run(self, **options: Any) -> None:
        """The command itself."""
        raise NotImplementedError


def whole(minimum: int, maximum: int | None = None) -> Any:
    """Argument type: a whole number in a range, refused with what is valid."""

    def parse(text: str) -> int:
        valid = f"a whole number, at least {minimum}" + ("" if maximum is None else f" and at most {maximum}")
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {valid}") from None
        if value < minimum or (maximum is not None and value > maximum):
            raise argparse.ArgumentTypeError(f"{value} is not {valid}")
        return value

    return parse


def positive(text: str) -> float:
    """Argument type: a number above zero."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above zero")
    return value


def writable_folder(text: str) -> Path:
    """Argument type: a folder that exists or can be made."""
    path = Path(text).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".iifl-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot write into {text}: {error.strerror}") from None
    return path


def output_file(text: str) -> Path:
    """Argument type: a file that can be written, found out before the work that it is for."""
    path = Path(text).resolve()
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a folder; valid is the name of a file")
    writable_folder(str(path.parent))
    return path
