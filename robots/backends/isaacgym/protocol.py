"""What a fleet and its worker process say to each other: frames of a JSON header and raw arrays. Pure.

A frame is 16 bytes of preamble (magic, header length, payload length), the header, and the arrays one after
the other. Nothing in it is ever executed. This file also runs under the Python 3.8 of Isaac Gym, where only
numpy is there.
"""

from __future__ import annotations

import json
import struct
from typing import Any, NamedTuple

import numpy as np

VERSION = 1
LARGEST_HEADER = 1 << 20
LARGEST_PAYLOAD = 1 << 28
"""Bytes of one frame's header and arrays."""
TYPES = ("bool", "uint8", "int32", "int64", "uint64", "float32", "float64")

_MAGIC = b"IIFG"
_PREAMBLE = struct.Struct("<4sIQ")
_LARGEST_RANK = 8


class ProtocolError(ValueError):
    """The other side sent what is no frame of this protocol; the connection is of no further use."""


class Message(NamedTuple):
    """One thing said."""

    kind: str
    fields: dict[str, Any]
    """Plain values: text, numbers, booleans, lists."""
    arrays: dict[str, Any]
    """numpy arrays of TYPES by name."""


def encode(kind: str, fields: dict[str, Any] | None = None, arrays: dict[str, Any] | None = None) -> bytes:
    """One frame; raises ProtocolError for arrays of other types, or for more than a frame holds."""
    described = []
    raw = []
    for name, value in (arrays or {}).items():
        array = np.ascontiguousarray(value).reshape(np.shape(value))
        if array.dtype.name not in TYPES:
            raise ProtocolError(f"array {name!r} is of {array.dtype}; valid are {', '.join(TYPES)}")
        described.append([name, array.dtype.name, list(array.shape)])
        raw.append(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
    header = json.dumps({"kind": kind, "fields": fields or {}, "arrays": described}).encode()
    payload = b"".join(raw)
    _check_sizes(len(header), len(payload))
    return _PREAMBLE.pack(_MAGIC, len(header), len(payload)) + header + payload


class Decoder:
    """Bytes in, however they are cut, messages out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Every message that is complete now; raises ProtocolError for what is no frame."""
        self._buffer += data
        messages: list[Message] = []
        while True:
            if not _MAGIC.startswith(bytes(self._buffer[:4])):
                raise ProtocolError(f"expected a frame, but got {bytes(self._buffer[:60])!r}")
            if len(self._buffer) < _PREAMBLE.size:
                return messages
            _, header, payload = _PREAMBLE.unpack_from(self._buffer)
            _check_sizes(header, payload)
            end = _PREAMBLE.size + header + payload
            if len(self._buffer) < end:
                return messages
            frame = bytes(self._buffer[_PREAMBLE.size : end])
            del self._buffer[:end]
            messages.append(_message(frame[:header], frame[header:]))


def array(message: Message, name: str, dtype: str, shape: tuple[int, ...]) -> Any:
    """An array of a message; raises ProtocolError unless it is there with this very type and shape."""
    found = message.arrays.get(name)
    if found is None:
        raise ProtocolError(f"{message.kind!r} lacks the array {name!r}")
    if found.dtype.name != dtype or found.shape != tuple(shape):
        raise ProtocolError(
            f"{name!r} of {message.kind!r} has shape {found.shape} of {found.dtype}, "
            f"but must be {tuple(shape)} of {dtype}"
        )
    return found


def _check_sizes(header: int, payload: int) -> None:
    if header > LARGEST_HEADER or payload > LARGEST_PAYLOAD:
        raise ProtocolError(
            f"a frame of {header} + {payload} bytes; at most {LARGEST_HEADER} + {LARGEST_PAYLOAD} are valid"
        )


def _message(header: bytes, payload: bytes) -> Message:
    try:
        content = json.loads(header.decode())
        kind, fields, described = content["kind"], content["fields"], content["arrays"]
        if not (isinstance(kind, str) and isinstance(fields, dict) and isinstance(described, list)):
            raise ProtocolError(f"a header of the wrong kind: {content!r}")
        arrays = {}
        start = 0
        for name, dtype, shape in described:
            count = _count(name, dtype, shape)
            size = count * np.dtype(dtype).itemsize
            if start + size > len(payload):
                raise ProtocolError(f"array {name!r} is longer than its frame")
            flat = np.frombuffer(
                payload, dtype="uint8" if dtype == "bool" else dtype, count=count, offset=start
            )
            arrays[name] = ((flat != 0) if dtype == "bool" else flat.copy()).reshape(shape)
            start += size
    except ProtocolError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProtocolError(f"a header that cannot be read ({error!r}): {header[:60]!r}") from None
    if start != len(payload):
        raise ProtocolError(f"{len(payload) - start} bytes too many in a frame of {kind!r}")
    return Message(kind, fields, arrays)


def _count(name: Any, dtype: Any, shape: Any) -> int:
    """Elements of an array as it is described."""
    if not isinstance(name, str) or dtype not in TYPES or not isinstance(shape, list):
        raise ProtocolError(f"an array described as {name!r}, {dtype!r}, {shape!r}")
    if len(shape) > _LARGEST_RANK or not all(type(size) is int and size >= 0 for size in shape):
        raise ProtocolError(f"array {name!r} of shape {shape!r}")
    count = 1
    for size in shape:
        count *= size
        if count > LARGEST_PAYLOAD:
            raise ProtocolError(f"array {name!r} of shape {shape!r}")
    return count
