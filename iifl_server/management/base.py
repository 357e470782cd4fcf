"""What every `./iifl` command shares: its name in help texts, short options, errors without a traceback."""

import argparse
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from iifl_server import interruption
from iifl_server.errors import ServerError
from iifl_server.management.arguments import CALLED
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
    interrupted = "Nothing is half done; the same command starts again."
    """What somebody who interrupts it wants to know."""
    options: ModuleType
    """Of `management/arguments`: HELP and `add`."""
    requires_system_checks: list[str] = []
    stealth_options = ("traceback",)

    def __init_subclass__(cls) -> None:
        cls.help = cls.options.HELP

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """As the launcher knows them."""
        self.options.add(parser)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(
            prog_name, subcommand, formatter_class=argparse.ArgumentDefaultsHelpFormatter, **kwargs
        )
        parser.prog = f"{CALLED} {subcommand}"
        return parser

    def handle(self, *args: Any, **options: Any) -> str | None:
        interruption.raise_from_now()
        try:
            self.run(**options)
        except (PolicyError, RobotsError, ServerError) as error:
            raise CommandError(str(error), returncode=BAD_USAGE) from error
        except KeyboardInterrupt as error:
            raise CommandError(
                f"interrupted. {self.interrupted}", returncode=interruption.exit_code(error)
            ) from None
        except BrokenPipeError:  # Nobody reads any more: no failure, and the command line's to answer.
            raise
        except OSError as error:
            raise CommandError(f"{_told(error)}; mend that and call the same command again") from error
        except DatabaseError as error:
            raise CommandError(
                f"the database {connection.settings_dict['NAME']} cannot be used ({error}). {CALLED} manage "
                "migrate makes the tables of a new one; a damaged one comes back from a copy, or is moved "
                "away to begin anew"
            ) from error
        return None

    def run(self, **options: Any) -> None:
        """The command itself."""
        raise NotImplementedError


def _told(error: OSError) -> str:
    """What the operating system refuses, a full disk say, and of which file."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def manage() -> list[str]:
    """The command line that runs a command in a process of its own; its name follows."""
    program = Path(settings.REPOSITORY) / "manage.py"
    return [sys.executable, *([str(program)] if program.exists() else ["-m", "iifl_server"])]
