"""Checks that a snapshot is one that this very kind of fleet or supervisor can go on from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robots.fleet import FleetError, Snapshot

HEADER = "header"
"""Name of the array that says whose snapshot it is: UTF-8 bytes of "owner/version"."""


def header(owner: str, version: int) -> NDArray[np.uint8]:
    """The header array for a snapshot of owner, for instance a task's name."""
    return np.frombuffer(f"{owner}/{version}".encode(), dtype=np.uint8).copy()


def check(snapshot: Snapshot, expected: Mapping[str, NDArray[Any]], owner: str) -> None:
    """Compare a snapshot with expected, a snapshot of the one who is to take it.

    Raises FleetError, naming what differs, when it belongs to another owner, version or size, misses an
    array, or holds numbers that are not finite. Nothing may be restored before this has passed.
    """
    advice = "Trying again will not help; restore the snapshot into what it was taken from."
    missing = sorted(set(expected) - set(snapshot))
    if missing:
        raise FleetError(f"snapshot for {owner}: arrays {missing} are missing. {advice}")
    for name in expected:
        if not isinstance(snapshot[name], np.ndarray):
            raise FleetError(f"snapshot for {owner}: {name} is no array, but {snapshot[name]!r}. {advice}")
    if not np.array_equal(snapshot[HEADER], expected[HEADER]):
        found = snapshot[HEADER].tobytes().decode("utf-8", "replace")
        wanted = bytes(expected[HEADER]).decode()
        raise FleetError(f"snapshot is of {found!r}, but {wanted!r} is needed. {advice}")
    for name, template in expected.items():
        array = snapshot[name]
        if array.shape != template.shape or array.dtype != template.dtype:
            raise FleetError(
                f"snapshot for {owner}: {name} has shape {array.shape} of {array.dtype}, "
                f"but shape {template.shape} of {template.dtype} is needed. {advice}"
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise FleetError(f"snapshot for {owner}: {name} holds NaN or infinity. {advice}")
