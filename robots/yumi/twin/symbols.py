"""The variables of one arm's RAPID task, as the shipped module declares them."""

import re
from pathlib import Path

from robots.fleet import RobotsError
from robots.yumi.handshake import MODULE

SOURCE = Path(__file__).parents[1] / "rapid" / f"{MODULE}.mod"
"""The RAPID module."""

_DECLARED = re.compile(r"^\s*TASK PERS (\w+) (\w+)(?:\{\d+\})?:=(.+);\s*$", re.MULTILINE)
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NUMBERS = re.compile(rf"\[{_NUMBER}(?:,{_NUMBER})*\]")


class SymbolError(RobotsError):
    """A variable that is not there, or a value that does not fit it."""


class Symbols:
    """Name → value as RAPID text, checked as the controller checks it: by type and number of parts."""

    def __init__(self, source: Path = SOURCE) -> None:
        declared = _DECLARED.findall(source.read_text(encoding="ascii"))
        self._kinds = {name: kind for kind, name, _ in declared}
        self._values: dict[str, str] = {name: value for _, name, value in declared}
        self._values["iifl_calibrated"] = "TRUE"  # A twin's table is where it is.

    def read(self, name: str) -> str:
        """Raises SymbolError for a name that the module does not declare."""
        if name not in self._values:
            raise SymbolError(f"the module declares no {name}; it has {', '.join(sorted(self._values))}")
        return self._values[name]

    def write(self, name: str, value: str) -> None:
        """Raises SymbolError, and changes nothing, for a value of another type."""
        old = self.read(name)
        kind = self._kinds[name]
        if kind == "bool":
            fits = value in ("TRUE", "FALSE")
        elif kind in ("num", "dnum") and not old.startswith("["):
            fits = re.fullmatch(_NUMBER, value) is not None
        elif _NUMBERS.fullmatch(old):
            fits = _NUMBERS.fullmatch(value) is not None and value.count(",") == old.count(",")
        else:
            fits = value.startswith("[") and value.endswith("]")
        if not fits:
            raise SymbolError(f"{name} is of the type {kind}, and cannot become {value[:60]!r}")
        self._values[name] = value

    def number(self, name: str) -> float:
        """The value of a num, dnum or bool."""
        value = self.read(name)
        return float(value == "TRUE") if self._kinds[name] == "bool" else float(value)

    def numbers(self, name: str) -> list[float]:
        """All numbers of a record or array, one after the other, whatever its nesting."""
        return [float(number) for number in re.findall(_NUMBER, self.read(name))]
