"""Django's command line for this project; `./iifl` wraps what people use daily."""

import os
import sys

from iifl_server import environment, interruption
from iifl_server.errors import SettingsError


def main() -> None:
    """Run one management command; settings that are not valid and interruptions end it in a sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iifl_server.settings")
    environment.tolerant = sys.argv[1:2] == ["doctor"]
    interruption.end_cleanly()
    try:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
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


if __name__ == "__main__":
    main()
