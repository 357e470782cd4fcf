"""Packets on a byte stream: bytes in, packets out, no socket and no guess.

A packet is a head (magic, version, sizes, checksum), a JSON object in UTF-8, and raw bytes. What does not fit
ends the stream: whoever reads it closes the link, since where the next packet begins could only be guessed.
"""

import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from robots.fleet import RobotsError

VERSION = 1
LARGEST_HEADER = 64 * 1024
"""[bytes]"""
LARGEST_PAYLOAD = 4 * 1024 * 1024
"""[bytes]"""

_MAGIC = b"IIFL"
_HEAD = struct.Struct(">4sB3xIII")


class ProtocolError(RobotsError):
    """The other end of a link does not speak this protocol; the link is to be closed."""


@dataclass(frozen=True)
class Packet:
    """One message as it travels."""

    header: Mapping[str, Any]
    payload: bytes = b""


def encode(packet: Packet) -> bytes:
    """A packet's bytes; raises ProtocolError where it is larger than the other end takes."""
    try:
        header = json.dumps(dict(packet.header), allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise ProtocolError(f"a header holds what JSON cannot say: {error}") from error
    _check_sizes(len(header), len(packet.payload))
    checksum = zlib.crc32(packet.payload, zlib.crc32(header))
    return _HEAD.pack(_MAGIC, VERSION, len(header), len(packet.payload), checksum) + header + packet.payload


class Splitter:
    """Finds the packets in a stream that comes in pieces of any size."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._broken: ProtocolError | None = None

    def feed(self, data: bytes) -> Iterator[Packet]:
        """The packets that are complete now, to be taken to the end before the next piece is fed.

        Raises ProtocolError after the last packet before the first byte that does not fit, and ever after.
        """
        if self._broken is not None:
            raise self._broken
        self._rest += data
        try:
            while (packet := self._next()) is not None:
                yield packet
        except ProtocolError as error:
            self._broken = error
            raise

    def _next(self) -> Packet | None:
        start = bytes(self._rest[: len(_MAGIC)])
        if not _MAGIC.startswith(start):
            raise ProtocolError(
                f"the stream holds {bytes(self._rest[:40])!r} where a packet should begin; "
                "something else writes to it, or it is no agent"
            )
        if len(self._rest) < _HEAD.size:
            return None
        _, version, header_size, payload_size, checksum = _HEAD.unpack_from(self._rest)
        if version != VERSION:
            raise ProtocolError(
                f"the other end speaks version {version} of the protocol, this one {VERSION}; "
                "install the same release at both ends"
            )
        _check_sizes(header_size, payload_size)
        if len(self._rest) < _HEAD.size + header_size + payload_size:
            return None
        header = bytes(self._rest[_HEAD.size : _HEAD.size + header_size])
        payload = bytes(self._rest[_HEAD.size + header_size : _HEAD.size + header_size + payload_size])
        del self._rest[: _HEAD.size + header_size + payload_size]
        if zlib.crc32(payload, zlib.crc32(header)) != checksum:
            raise ProtocolError(
                "a packet's checksum does not fit its bytes; something else writes to the stream"
            )
        return Packet(_read(header), payload)


def _check_sizes(header: int, payload: int) -> None:
    for name, size, largest in (("header", header, LARGEST_HEADER), ("payload", payload, LARGEST_PAYLOAD)):
        if size > largest:
            raise ProtocolError(f"a packet's {name} has {size} bytes, but {largest} are the most")


def _read(header: bytes) -> dict[str, Any]:
    try:
        value = json.loads(header, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a packet's header is not JSON: {header[:40]!r}") from error
    if not isinstance(value, dict):
        raise ProtocolError(f"a packet's header is {header[:40]!r}, but must be a JSON object")
    return value


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
