"""Calibrations as files: JSON that is read with every field checked."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from robots.eyes.calibration import AGAIN, CameraCalibration
from robots.eyes.lens import CalibrationError, Lens
from robots.eyes.marks import Mark

VERSION = 1
MOST_MM = 2.0
"""A larger error is refused unless somebody says otherwise [mm]."""

_KEYS = ("version", "kind", "width", "height", "homography", "date", "lens", "error_mm", "worst_mm", "marks")


def save(calibration: CameraCalibration, path: Path) -> None:
    """Write it, whole or not at all; raises OSError where the folder cannot be written."""
    text = json.dumps({"version": VERSION, **asdict(calibration)}, indent=2, allow_nan=False)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text + "\n")
    partial.replace(path)


def load(path: Path, size: tuple[int, int] | None = None, most_mm: float = MOST_MM) -> CameraCalibration:
    """Read and check one.

    size: width and height that the camera delivers [px], where it is known. Raises CalibrationError, naming
    file, value and mend, for a file that is missing, damaged, of another resolution, or whose error at its
    worst is above most_mm. An error that is not known is taken: kind "corners" without a point to check by.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CalibrationError(f"{path}: {error.strerror}; {AGAIN}, or name another file") from None
    calibration = parse(text, str(path))
    if size is not None and size != (calibration.width, calibration.height):
        raise CalibrationError(
            f"{path} is of {calibration.width}×{calibration.height} px, but the camera delivers "
            f"{size[0]}×{size[1]}: set the camera to the calibrated resolution, or {AGAIN}"
        )
    check_error(calibration, most_mm, str(path))
    return calibration


def parse(text: str, name: str) -> CameraCalibration:
    """A calibration from its JSON, whose errors are told under a name; raises CalibrationError."""
    try:
        return _read(json.loads(text))
    except ValueError as error:
        raise CalibrationError(f"{name} is no JSON ({error}); {AGAIN}, or name another file") from None
    except CalibrationError as error:
        raise CalibrationError(f"{name}: {error}") from None


def check_error(calibration: CameraCalibration, most_mm: float, name: str) -> None:
    """Raises CalibrationError where it is farther off than allowed."""
    worst = calibration.worst_mm
    if worst is not None and worst > most_mm:
        raise CalibrationError(
            f"{name} is off by up to {worst:.2f} mm, but {most_mm:g} mm at most is allowed: {AGAIN}, with "
            "sharper pictures of a board that lies flat"
        )


def _read(fields: Any) -> CameraCalibration:
    if not isinstance(fields, dict):
        raise CalibrationError(f"it holds a {type(fields).__name__}, not an object; {AGAIN}")
    missing, unknown = [key for key in _KEYS if key not in fields], sorted(set(fields) - set(_KEYS))
    if missing:
        raise CalibrationError(f"{', '.join(missing)} is missing; {AGAIN}")
    if unknown:
        raise CalibrationError(f"{', '.join(unknown)} is not known; valid are: {', '.join(_KEYS)}")
    if fields["version"] != VERSION:
        raise CalibrationError(f"version is {fields['version']!r}; valid is {VERSION}; {AGAIN}")
    given = fields["lens"]
    lens = (
        None
        if given is None
        else Lens(
            *(
                _numbers(_part(given, "lens", key), f"lens.{key}", size)
                for key, size in (("focal", 2), ("centre", 2), ("distortion", 5))
            )
        )
    )
    marks = fields["marks"]
    if not isinstance(marks, list):
        raise CalibrationError(f"marks is {marks!r}, but must be a list; {AGAIN}")
    return CameraCalibration(
        kind=fields["kind"],
        width=_whole(fields["width"], "width"),
        height=_whole(fields["height"], "height"),
        homography=_numbers(fields["homography"], "homography", 9),
        date=fields["date"],
        lens=lens,
        error_mm=None if fields["error_mm"] is None else _number(fields["error_mm"], "error_mm"),
        worst_mm=None if fields["worst_mm"] is None else _number(fields["worst_mm"], "worst_mm"),
        marks=tuple(
            Mark(
                _number(_part(mark, "marks", "x"), "marks.x"),
                _number(_part(mark, "marks", "y"), "marks.y"),
                _part(mark, "marks", "png"),
            )
            for mark in marks
        ),
    )


def _part(fields: Any, name: str, key: str) -> Any:
    if not isinstance(fields, dict) or key not in fields:
        raise CalibrationError(f"{name}.{key} is missing; {AGAIN}")
    return fields[key]


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CalibrationError(f"{name} is {value!r}, but must be a number; {AGAIN}")
    return float(value)


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise CalibrationError(f"{name} is {value!r}, but must be a whole number [px]; {AGAIN}")
    return value


def _numbers(value: Any, name: str, size: int) -> Any:
    if not isinstance(value, list) or len(value) != size:
        raise CalibrationError(f"{name} is {value!r}, but must be {size} numbers; {AGAIN}")
    return tuple(_number(part, f"{name}[{index}]") for index, part in enumerate(value))
