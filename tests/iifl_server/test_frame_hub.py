"""The frame hub against a broker that dies: viewers go on without doing anything."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iifl_server.brokers import socket_urls
from iifl_server.live.broker import broker_answers
from iifl_server.live.clock import now_ms
from iifl_server.live.frames import FrameHeader, pack_frame, publish_frame, unpack_frame
from iifl_server.live.hub import FrameHub, Viewer
from iifl_server.processes.children import Children
from iifl_server.processes.valkey import start_valkey


@pytest.fixture
def mortal(tmp_path: Path, settings: Any) -> Iterator[Children]:
    """A broker of the test's own, started again when it is killed."""
    children = Children(tmp_path / "logs")
    settings.BROKERS = socket_urls(start_valkey(children, tmp_path / "valkey"))
    yield children
    children.stop_all()


@pytest.mark.slow(5)
async def test_frames_go_on_after_the_broker_was_killed(mortal: Children) -> None:
    seen: list[int] = []

    async def draw(message: bytes) -> None:
        number = unpack_frame(message)[0].frame
        seen.append(number)
        viewer.acknowledge((0, "full"), number)

    viewer, hub = Viewer(draw), FrameHub()
    await hub.watch(viewer, 1, [(0, "full")])
    await _until_seen(seen, 1)
    process = mortal._children[0].process
    assert process is not None
    process.kill()
    process.wait()
    await asyncio.sleep(1.5)  # Long enough for attempts to connect to fail.
    while not broker_answers():
        mortal.watch()
        await asyncio.sleep(0.05)
    await _until_seen(seen, 2)
    await viewer.close()
    await hub.close()


async def _until_seen(seen: list[int], number: int) -> None:
    deadline = time.monotonic() + 10
    while number not in seen:
        assert time.monotonic() < deadline, f"frame {number} never came"
        header = FrameHeader("full", 0, number, 0, now_ms(), None, 0.1)
        publish_frame(1, header, pack_frame(header, b"\xff\xd8\xff\xd9"))
        await asyncio.sleep(0.1)
