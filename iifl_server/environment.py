"""The variables that settings come from: what each may be, and a sentence for one that is not.

Knows the standard library alone, so that every command can tell what is wrong before anything is loaded.
"""

import os
import re
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, urlsplit

Check = Callable[[str], str]
"""Text of a variable → "" where it is valid, else what is valid."""

LONGEST_SOCKET_PATH = 100
"""Unix socket paths end at 107 bytes (Linux) or 103 (macOS)."""
SHORTEST_KEY = 32
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_HOST = re.compile(r"\*|\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\]", re.IGNORECASE)
_HIDDEN = re.compile(r"(?<=:)[^:/@]*(?=@)")
"""The password inside an address."""


def _flag(text: str) -> str:
    return "" if text in ("0", "1") else "0 or 1"


def _threads(text: str) -> str:
    return "" if text.isascii() and text.isdigit() and 1 <= int(text) <= 1024 else "a whole number, 1 to 1024"


def _threads_by_level(text: str) -> str:
    return max((_threads(part.strip()) for part in text.split(",")), key=len)


def _one_of(*words: str) -> Check:
    return lambda text: "" if text.lower() in [word.lower() for word in words] else ", ".join(words)


def _hosts(text: str) -> str:
    wrong = [name for name in listed(text) if not _HOST.fullmatch(name)]
    return "host names without scheme and port, separated by commas, IPv6 in brackets" if wrong else ""


def _origins(text: str) -> str:
    for origin in listed(text):
        parts = _split(origin)
        if parts is None or parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
            return "origins as https://robots.example, separated by commas"
    return ""


def _url(*schemes: str) -> Check:
    def check(text: str) -> str:
        parts = _split(text)
        if parts is None or parts.scheme not in schemes or not (parts.netloc or parts.path.strip("/")):
            return f"an address that begins with {' or '.join(f'{name}://' for name in schemes)}"
        return ""

    return check


def _database(text: str) -> str:
    parts = _split(text)
    if parts is not None and parts.scheme == "sqlite" and (parts.fragment or parts.query):
        return "sqlite:///PATH with # as %23 and ? as %3F"
    return _url("postgres", "postgresql", "sqlite")(text)


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    return parts


def _key(text: str) -> str:
    return "" if len(text) >= SHORTEST_KEY else f"at least {SHORTEST_KEY} characters"


def _path(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "a path in UTF-8"
    return "a path without line breaks" if "\n" in text or "\r" in text else ""


def _folder(text: str) -> str:
    return _path(text) or ("" if os.path.isdir(os.path.expanduser(text)) else "a folder that exists")


def _new_folder(text: str) -> str:
    path = os.path.expanduser(text)
    file = os.path.lexists(path) and not os.path.isdir(path)
    return _path(text) or ("a folder, not a file" if file else "")


def _socket(text: str) -> str:
    long = len(os.fsencode(text)) > LONGEST_SOCKET_PATH
    return _path(text) or (f"a path of at most {LONGEST_SOCKET_PATH} bytes" if long else "")


def _program(text: str) -> str:
    path = os.path.expanduser(text)
    return "" if os.path.isfile(path) and os.access(path, os.X_OK) else "a program that can be started"


VARIABLES: dict[str, Check] = {
    "IIFL_DATA": _path,
    "IIFL_DATA_MUST_EXIST": _flag,
    "IIFL_SECRET_KEY": _key,
    "DATABASE_URL": _database,
    "IIFL_BROKER_SOCKET": _socket,
    "IIFL_BROKER_URL": _url("redis", "rediss"),
    "IIFL_FRAMES_URL": _url("redis", "rediss", "unix"),
    "IIFL_ALLOWED_HOSTS": _hosts,
    "IIFL_TRUSTED_ORIGINS": _origins,
    "IIFL_HTTPS": _flag,
    "IIFL_DEBUG": _flag,
    "IIFL_LOG_LEVEL": _one_of(*LEVELS),
    "IIFL_STATIC_ROOT": _new_folder,
    "IIFL_SHIPPED": _folder,
    "IIFL_TRAINING_THREADS": _threads,
    "IIFL_SCHEMATIC": _flag,
    "IIFL_ISAACGYM_PYTHON": _program,
    "MUJOCO_GL": lambda _: "",  # MuJoCo's own; what it cannot be is said where pictures are drawn.
    "OMP_NUM_THREADS": _threads_by_level,
}
"""Everything that is read from the environment; docs/settings.md says what each is for."""
SECRET = ("IIFL_SECRET_KEY",)
tolerant = False
"""Whether settings load in spite of complaints, with defaults: for `doctor`, which tells them all."""


def value(name: str, default: str = "") -> str:
    """A variable as it is set; the default where it is not set, empty, or not valid."""
    text = os.environ.get(name) or default
    return default if text != default and VARIABLES[name](text) else text


def listed(text: str) -> list[str]:
    """Parts between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def complaints(environment: Mapping[str, str] = os.environ) -> list[str]:
    """A sentence for each variable that is set to something that is not valid."""
    found = []
    for name, check in VARIABLES.items():
        text = environment.get(name)
        if text and (valid := check(text)):
            shown = "too short" if name in SECRET else ascii(_HIDDEN.sub("…", text))
            found.append(f"{name} is {shown}; valid is {valid}. Change it, or unset it for the default.")
    return found


def unknown(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Variables that look like settings of this project and are none: misspelt ones, mostly."""
    return sorted(name for name in environment if name.startswith("IIFL_") and name not in VARIABLES)
