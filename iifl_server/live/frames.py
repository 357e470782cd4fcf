"""Camera frames on the wire: binary header, and the record of who watches what."""

import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from iifl_server.live import keys
from iifl_server.live.broker import frames_client

HEADER = struct.Struct(">BBHIIdfff")
SIZES = ("thumb", "full")
JPEG_MARKER = b"\xff\xd8"
WATCH_MS = 5_000
"""A camera that no page asked for within this time is not rendered any more."""
FRAME_MS = 5_000
"""How long a frame is kept for pages that begin to watch."""
assert HEADER.size == 32


@dataclass(frozen=True)
class FrameHeader:
    """The 32 bytes before a JPEG."""

    size: str
    robot: int
    frame: int
    step: int
    captured_at: float
    """Server's clock [ms]."""
    anchor: tuple[float, float] | None
    reach: float


def pack_frame(header: FrameHeader, jpeg: bytes) -> bytes:
    """One binary message."""
    x, y = header.anchor or (math.nan, math.nan)
    size = SIZES.index(header.size)
    fields = (1, size, header.robot, header.frame, header.step, header.captured_at, x, y, header.reach)
    return HEADER.pack(*fields) + jpeg


def unpack_frame(message: bytes) -> tuple[FrameHeader, bytes]:
    """Header and JPEG; raises ValueError for another version or size, half an anchor, or no image."""
    if message[HEADER.size : HEADER.size + 2] != JPEG_MARKER:
        raise ValueError(f"a frame of {len(message)} bytes has no JPEG at byte {HEADER.size}")
    version, size, robot, frame, step, captured_at, x, y, reach = HEADER.unpack_from(message)
    if version != 1 or size >= len(SIZES):
        raise ValueError(f"frame version {version} and size {size}; valid are version 1 and sizes 0 and 1")
    anchor = None if math.isnan(x) else (x, y)
    if math.isnan(x) != math.isnan(y) or not (reach >= 0 if anchor is None else reach > 0):
        raise ValueError(
            f"anchor ({x}, {y}) and reach {reach}; valid are two numbers and a reach above zero, "
            "or two NaNs and a reach of at least zero"
        )
    return FrameHeader(SIZES[size], robot, frame, step, captured_at, anchor, reach), message[HEADER.size :]


def publish_frame(run: int, header: FrameHeader, message: bytes) -> None:
    """Keep the newest frame of a camera for a while and announce it to the hubs."""
    name = keys.frame(run, header.robot, header.size)
    with frames_client().pipeline(transaction=False) as pipe:
        pipe.set(name, message, px=FRAME_MS)
        pipe.publish(name, message)
        pipe.execute()


def watched_cameras(run: int, now: float) -> list[tuple[int, str]]:
    """(robot, size) that some page watches, full ones first."""
    client = frames_client()
    members: Iterable[bytes] = client.zrangebyscore(keys.watched(run), now, "+inf")
    cameras = [(int(robot), size) for robot, size in (one.decode().split(":") for one in members)]
    return sorted(cameras, key=lambda camera: (camera[1] != "full", camera[0]))
