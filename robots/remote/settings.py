"""The file that says where a fleet's arms are: TOML, read whole and checked before anything is connected.

[fleet]
task = "block_push"                    # what the arms do

[[arm]]
name = "left"                          # once in this file
host = "robot1.example.org"
port = 22                              # this one where left out
user = "robot"
key = "keys/driver"                    # private key, readable by its owner alone
known_hosts = "keys/known_hosts"       # host keys that are believed, and no others
command = "python -m robots.yumi.agent --arm left"
calibration = "calibration/left.json"  # where the task reads pictures with one
table = "one"                          # arms on one table: their workspaces must not overlap
origin = [0.0, 0.0]                    # of this arm's workspace on that table [m]

[arm.limits]
workspace = [-0.3, -0.2, 0.3, 0.2]     # left, bottom, right, top [m]
max_speed = 0.25                       # [m/s]
longest = 0.3                          # [m]
half_width = 0.01                      # of the tool [m]
keep_out = []                          # more of [left, bottom, right, top]
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robots.fleet import RobotsError
from robots.remote.fleet import ArmPlace
from robots.remote.limits import LimitError, Limits, Rectangle
from robots.remote.limits_table import limits_of
from robots.remote.link import Address
from robots.remote.messages import finite

_FLEET = {"task"}
_NEEDED = {"name", "host", "user", "key", "known_hosts", "command"}
_ARM = _NEEDED | {"port", "calibration", "table", "origin", "limits"}


class SettingsError(RobotsError):
    """A fleet file that cannot be used; the message names file, key, value and what is valid."""


@dataclass(frozen=True)
class ArmSettings:
    """One arm of the file."""

    place: ArmPlace
    calibration: Path | None
    table: str
    """Empty where it shares none."""
    origin: tuple[float, float]
    """Of its workspace on the table [m]."""


@dataclass(frozen=True)
class FleetSettings:
    """The whole file."""

    path: Path
    task: str
    arms: tuple[ArmSettings, ...]

    def __post_init__(self) -> None:
        names = [arm.place.address.name for arm in self.arms]
        for name in names:
            if names.count(name) > 1:
                raise SettingsError(f"{self.path}: arm {name!r} is there twice; give each arm its own name")
        for index, arm in enumerate(self.arms):
            for earlier in self.arms[:index]:
                self._check_apart(earlier, arm)

    def _check_apart(self, one: ArmSettings, two: ArmSettings) -> None:
        if not one.table or one.table != two.table:
            return
        names = f"arms {one.place.address.name!r} and {two.place.address.name!r}"
        first, second = _on_table(one), _on_table(two)
        if first is None or second is None:
            raise SettingsError(f"{self.path}: {names} share table {one.table!r}, so both need [arm.limits]")
        if first.meets(second):
            raise SettingsError(
                f"{self.path}: workspaces of {names} overlap on table {one.table!r}: {first} and {second}; "
                "change a workspace or an origin until they do not"
            )


def read_fleet_file(path: Path) -> FleetSettings:
    """The file's settings; paths in it are relative to its folder. Raises SettingsError."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}; name a fleet file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: is no TOML: {error}") from error
    _check_keys(f"{path}", content, {"fleet", "arm"}, {"fleet", "arm"})
    fleet = _table(path, "fleet", content["fleet"])
    _check_keys(f"{path}: [fleet]", fleet, _FLEET, _FLEET)
    arms = content["arm"]
    if not isinstance(arms, list) or not arms:
        raise SettingsError(f"{path}: arm is {arms!r}, but must be one [[arm]] or more")
    task = _text(f"{path}: [fleet]", fleet, "task")
    read = tuple(_arm(path, index, _table(path, f"arm {index + 1}", arm)) for index, arm in enumerate(arms))
    return FleetSettings(path, task, read)


def _arm(path: Path, index: int, table: Mapping[str, Any]) -> ArmSettings:
    where = f"{path}: arm {table.get('name', index + 1)!r}"
    _check_keys(where, table, _ARM, _NEEDED)
    port = table.get("port", 22)
    if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536:
        raise SettingsError(f"{where}: port is {port!r}, but must be a whole number from 1 to 65535")
    key = _file(where, path, table, "key")
    if key.stat().st_mode & 0o077:
        raise SettingsError(f"{where}: key {key} can be read by others than its owner; chmod 600 {key}")
    address = Address(
        name=_text(where, table, "name"),
        host=_text(where, table, "host"),
        port=port,
        user=_text(where, table, "user"),
        key=key,
        known_hosts=_file(where, path, table, "known_hosts"),
        command=_text(where, table, "command"),
    )
    return ArmSettings(
        ArmPlace(address, _limits(where, table["limits"]) if "limits" in table else None),
        _file(where, path, table, "calibration") if "calibration" in table else None,
        _text(where, table, "table") if "table" in table else "",
        _origin(where, table.get("origin", [0.0, 0.0])),
    )


def _limits(where: str, value: object) -> Limits:
    try:
        return limits_of(_table(Path(where), "limits", value))
    except LimitError as error:
        raise SettingsError(f"{where}: limits: {error}") from error


def _origin(where: str, value: object) -> tuple[float, float]:
    x, y = _numbers(f"{where}: origin", value, 2, "x, y [m]")
    return x, y


def _numbers(where: str, value: object, count: int, what: str) -> Sequence[float]:
    read = [finite(item) for item in value] if isinstance(value, list) else []
    numbers = [number for number in read if number is not None]
    if len(numbers) != count or len(read) != count:
        raise SettingsError(f"{where} is {value!r}, but must be {count} numbers: {what}")
    return numbers


def _on_table(arm: ArmSettings) -> Rectangle | None:
    if arm.place.limits is None:
        return None
    room, (x, y) = arm.place.limits.workspace, arm.origin
    return Rectangle(room.left + x, room.bottom + y, room.right + x, room.top + y)


def _check_keys(where: str, table: Mapping[str, Any], valid: set[str], needed: set[str]) -> None:
    for key in table:
        if key not in valid:
            raise SettingsError(f"{where}: unknown key {key!r}; valid are {', '.join(sorted(valid))}")
    if missing := sorted(needed - table.keys()):
        raise SettingsError(f"{where}: {', '.join(missing)} missing; every one of these is needed")


def _table(path: Path, name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise SettingsError(f"{path}: {name} is {value!r}, but must be a table of keys and values")
    return value


def _text(where: str, table: Mapping[str, Any], key: str) -> str:
    value = table[key]
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"{where}: {key} is {value!r}, but must be text that is not empty")
    return value


def _file(where: str, path: Path, table: Mapping[str, Any], key: str) -> Path:
    file = path.parent / Path(_text(where, table, key)).expanduser()
    if not file.is_file():
        raise SettingsError(
            f"{where}: {key} is {table[key]!r}, but there is no file {file}; paths are relative "
            f"to {path.parent}"
        )
    return file
