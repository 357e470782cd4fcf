"""One frame hub per web process: subscribes to what is watched, hands the newest frame to each viewer."""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakKeyDictionary

from redis.exceptions import RedisError

from iifl_server.live import keys
from iifl_server.live.broker import frames_client_async
from iifl_server.live.clock import now_ms
from iifl_server.live.frames import WATCH_MS, unpack_frame

logger = logging.getLogger(__name__)

Camera = tuple[int, str]
"""(robot, size)."""
WINDOW = 2
"""Frames of one camera that may be sent and not acknowledged: what bounds a slow page's memory."""
RENEW_S = 2.0
RECONNECT_S = 0.5
CONTROL = "iifl:frame:hub"


class Viewer:
    """One page: a mailbox with one slot per camera, so that the newest frame wins."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        self._send = send
        self._waiting: dict[Camera, bytes] = {}
        self._in_flight: dict[Camera, list[int]] = defaultdict(list)
        self._work = asyncio.Event()
        self._task = asyncio.create_task(self._pump())

    def offer(self, camera: Camera, message: bytes) -> None:
        """Put a frame into the camera's slot, over an older one that was not sent yet."""
        self._waiting[camera] = message
        self._work.set()

    def acknowledge(self, camera: Camera, frame: int) -> None:
        """The page has drawn this frame, and so none before it is on its way."""
        self._in_flight[camera] = [number for number in self._in_flight[camera] if number > frame]
        self._work.set()

    def keep(self, cameras: set[Camera]) -> None:
        """Forget cameras that are not watched any more."""
        for camera in (self._waiting.keys() | self._in_flight.keys()) - cameras:
            self._waiting.pop(camera, None)
            self._in_flight.pop(camera, None)

    async def close(self) -> None:
        """Stop sending."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self._task

    async def _pump(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            for camera in list(self._waiting):
                if len(self._in_flight[camera]) >= WINDOW:
                    continue
                message = self._waiting.pop(camera, None)
                if message is not None:
                    self._in_flight[camera].append(unpack_frame(message)[0].frame)
                    await self._send(message)


class FrameHub:
    """Frames from the broker to the viewers of this process."""

    def __init__(self) -> None:
        self._client: Any = frames_client_async()
        self._pubsub: Any = self._client.pubsub(ignore_subscribe_messages=True)
        self._viewers: dict[str, dict[Viewer, Camera]] = defaultdict(dict)
        self._runs: dict[str, tuple[int, Camera]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def watch(self, viewer: Viewer, run: int, cameras: list[Camera]) -> None:
        """Replace what this viewer watches; the newest frame of each new camera comes at once."""
        wanted = {keys.frame(run, *camera): camera for camera in cameras}
        viewer.keep(set(cameras))
        watched = {name for name, viewers in self._viewers.items() if viewer in viewers}
        self._forget(viewer, watched - wanted.keys())
        fresh = [name for name in wanted if name not in watched]
        for name in fresh:
            self._viewers[name][viewer] = wanted[name]
            self._runs[name] = (run, wanted[name])
        if not self._tasks:
            await self._pubsub.subscribe(CONTROL)
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._renew())]
        if fresh:
            await self._pubsub.subscribe(*fresh)
            await self._announce()
            for name, message in zip(fresh, await self._client.mget(fresh), strict=True):
                if message is not None:
                    viewer.offer(wanted[name], message)
        await self._unsubscribe_idle()

    async def remove(self, viewer: Viewer) -> None:
        """The page has gone."""
        self._forget(viewer, set(self._viewers))
        with contextlib.suppress(RedisError, OSError):
            await self._unsubscribe_idle()

    async def close(self) -> None:
        """End the hub (tests; a web process ends with its hub)."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pubsub.aclose()
        await self._client.aclose()

    def _forget(self, viewer: Viewer, names: set[str]) -> None:
        for name in names:
            self._viewers[name].pop(viewer, None)

    async def _unsubscribe_idle(self) -> None:
        idle = [name for name, viewers in self._viewers.items() if not viewers]
        for name in idle:
            del self._viewers[name], self._runs[name]
        if idle:
            await self._pubsub.unsubscribe(*idle)

    async def _listen(self) -> None:
        while True:
            try:
                message = await self._pubsub.get_message(timeout=10)
            except (RedisError, OSError, RuntimeError) as error:
                # RuntimeError: no connection was made since the last one was lost.
                logger.warning("frames: broker lost (%s), connecting again", error)
                await asyncio.sleep(RECONNECT_S)
                await self._reconnect()
                continue
            if message is None:
                continue
            for viewer, camera in list(self._viewers.get(message["channel"].decode(), {}).items()):
                viewer.offer(camera, message["data"])

    async def _reconnect(self) -> None:
        with contextlib.suppress(RedisError, OSError):
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.aclose()
            self._pubsub = self._client.pubsub(ignore_subscribe_messages=True)
            await self._pubsub.subscribe(CONTROL, *self._viewers)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            with contextlib.suppress(RedisError, OSError):
                await self._announce()

    async def _announce(self) -> None:
        """Tell the runners what is watched: they render nothing else."""
        by_run: dict[int, dict[str, float]] = defaultdict(dict)
        for name, (run, (robot, size)) in self._runs.items():
            if self._viewers.get(name):
                by_run[run][f"{robot}:{size}"] = now_ms() + WATCH_MS
        for run, cameras in by_run.items():
            await self._client.zadd(keys.watched(run), cameras)
            await self._client.zremrangebyscore(keys.watched(run), 0, now_ms())
            await self._client.expire(keys.watched(run), 60)


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, FrameHub]" = WeakKeyDictionary()


def frame_hub() -> FrameHub:
    """The hub of this process's event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = FrameHub()
    return _hubs[loop]
