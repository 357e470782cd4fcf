"""Django's command line for this project; `./iifl` wraps what people use daily."""

import os
import sys

from iifl_server import environment
from iifl_server.errors import SettingsError


def main() -> None:
    """Run one management command; settings that are not valid end it in a sentence each."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iifl_server.settings")
    environment.tolerant = sys.argv[1:2] == ["doctor"]
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except SettingsError as error:
        sys.stderr.write("".join(f"iifl: {sentence}\n" for sentence in str(error).splitlines()))
        sys.exit(2)


if __name__ == "__main__":
    main()
