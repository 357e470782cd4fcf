"""The command line: Django's commands for `manage.py`, and `iifl` where this is installed as a package."""

import os
import sys

from iifl_server import environment, interruption
from iifl_server.errors import SettingsError
from iifl_server.management import arguments


def main() -> None:
    """Run one management command; settings that are not valid and interruptions end it in a sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iifl_server.settings")
    environment.tolerant = sys.argv[1:2] == ["doctor"]
    interruption.end_cleanly()
    try:
        from django.core.management import execute_from_command_line

        if sys.argv[1:2] and sys.argv[1] not in arguments.COMMANDS:
            interruption.leave_to_python()
        execute_from_command_line(sys.argv)
        if sys.stdout is not None:  # A parent may have closed it.
            sys.stdout.flush()
    except SettingsError as error:
        sys.stderr.write("".join(f"iifl: {sentence}\n" for sentence in str(error).splitlines()))
        sys.exit(2)
    except KeyboardInterrupt as error:
        sys.stderr.write("iifl: interrupted.\n")
        sys.exit(interruption.exit_code(error))
    except BrokenPipeError:
        interruption.silence_output()
        sys.exit(141)


def iifl() -> None:
    """What `./iifl` is to a checkout: help, bad usage, then the command."""
    interruption.end_cleanly()
    words = sys.argv[1:]
    if not words or words[0] in ("-h", "--help", "help"):
        print(arguments.usage())  # noqa: T201
        return
    if words[0] == "manage":
        words = words[1:]
    elif words[0] in arguments.COMMANDS:
        arguments.parser_of(words[0]).parse_args(words[1:])
    else:
        valid = ", ".join([*arguments.COMMANDS, "manage"])
        sys.stderr.write(f"iifl: {words[0]!r} is not a command; valid are: {valid}.\n")
        sys.exit(2)
    sys.argv = ["iifl", *words]
    main()


if __name__ == "__main__":
    main()
