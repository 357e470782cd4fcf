"""Records on disk: chunks that are whole or not there.

A folder holds `manifest.jsonl` and for each chunk `NNNNNN.jsonl` (one event a line) and `NNNNNN.npz` (the
JPEG bytes of its pictures, end to end, and where each ends). The manifest names a chunk only when both files
are on disk, with the SHA-256 of each; what it does not name is not read.
"""

import hashlib
import heapq
import io
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from robots.fleet import RobotsError

VERSION = 1
_MANIFEST = "manifest.jsonl"


class RecordError(RobotsError):
    """A record that cannot be read or written; the message names the file."""


@dataclass(frozen=True)
class Event:
    """One thing that happened."""

    kind: str
    """`picture` or `motion`."""
    at: float
    """When it was used or, for a motion, when its end was known [s since the epoch]."""
    fields: dict[str, Any] = field(default_factory=dict)
    jpeg: bytes = b""


def begin_record(folder: Path, about: dict[str, Any]) -> None:
    """An empty record; raises RecordError where there is something already, or nothing can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = any(folder.iterdir())
        if not taken:
            _append(folder / _MANIFEST, {"version": VERSION, "about": about})
    except OSError as error:
        raise RecordError(f"{folder} cannot be written: {error}") from error
    if taken:
        raise RecordError(f"{folder} holds something already; give each record a new folder")


def write_chunk(folder: Path, number: int, events: Sequence[Event]) -> None:
    """Both files first, then the line that makes them count; raises OSError."""
    lines = [{"kind": event.kind, "at": event.at, **event.fields} for event in events]
    text = "".join(json.dumps(line) + "\n" for line in lines).encode()
    packed = io.BytesIO()
    ends = np.cumsum([len(event.jpeg) for event in events], dtype=np.int64)
    pictures = np.frombuffer(b"".join(event.jpeg for event in events), dtype=np.uint8)
    np.savez(packed, pictures=pictures, ends=ends)
    files = {f"{number:06d}.jsonl": text, f"{number:06d}.npz": packed.getvalue()}
    for name, data in files.items():
        with open(folder / name, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    _append(
        folder / _MANIFEST,
        {"chunk": number, "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}},
    )


def about_record(folder: Path) -> dict[str, Any]:
    """What the recorder said of arms and task; raises RecordError for what is no record."""
    return dict(_manifest(folder)[0]["about"])


def read_record(folder: Path) -> Iterator[Event]:
    """Every event in the order of time, a chunk in memory at a time.

    Raises RecordError for what is no record, and for a chunk that is not as it was written, at its turn.
    """
    manifest = _manifest(folder)
    return _ordered(_read_chunk(folder, entry["files"]) for entry in manifest[1:])


def _ordered(chunks: Iterator[list[Event]]) -> Iterator[Event]:
    """Neighbouring chunks may overlap: a motion's end and a picture come from different threads."""
    waiting: list[Event] = []
    for chunk in chunks:
        ordered = sorted(chunk, key=_time)
        merged = list(heapq.merge(waiting, ordered, key=_time))
        sure = ordered[0].at if ordered else -np.inf
        yield from (event for event in merged if event.at <= sure)
        waiting = [event for event in merged if event.at > sure]
    yield from waiting


def _time(event: Event) -> float:
    return event.at


def _manifest(folder: Path) -> list[dict[str, Any]]:
    path = folder / _MANIFEST
    try:
        lines = path.read_bytes().split(b"\n")[:-1]  # What has no end of line was cut short.
        entries: list[dict[str, Any]] = [json.loads(line) for line in lines]
    except (OSError, ValueError) as error:
        raise RecordError(f"{path} is no record's manifest: {error}") from error
    if not entries or entries[0].get("version") != VERSION:
        raise RecordError(f"{path} is not of a record of version {VERSION}; use the release that wrote it")
    return entries


def _read_chunk(folder: Path, files: dict[str, str]) -> list[Event]:
    held = {}
    for name, digest in files.items():
        path = folder / Path(name).name
        try:
            held[path.suffix] = path.read_bytes()
        except OSError as error:
            raise RecordError(f"{path} is part of the record and cannot be read: {error}") from error
        if hashlib.sha256(held[path.suffix]).hexdigest() != digest:
            raise RecordError(f"{path} is not as it was written; copy the record again")
    with np.load(io.BytesIO(held[".npz"]), allow_pickle=False) as arrays:
        data, ends = arrays["pictures"].tobytes(), arrays["ends"].tolist()
    begins = [0, *ends[:-1]]
    events = []
    for line, begin, end in zip(held[".jsonl"].splitlines(), begins, ends, strict=True):
        fields = json.loads(line)
        events.append(Event(fields.pop("kind"), fields.pop("at"), fields, data[begin:end]))
    return events


def _append(path: Path, entry: dict[str, Any]) -> None:
    with open(path, "ab") as file:
        file.write(json.dumps(entry).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
