"""Camera frames of a run: rendered and encoded only for robots that somebody watches."""

import inspect
import time
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from iifl_server.fleets.runner.session import Session
from iifl_server.live.clock import now_ms
from iifl_server.live.frames import FrameHeader, pack_frame, publish_frame, watched_cameras
from robots.fleet import Frame

QUALITY = 80
THUMB = (160, 120)
ROUND_S = 0.1
"""Full frames come ten times a second."""
THUMB_EVERY_S = 0.25
BUDGET_S = 0.05
"""Of each round for thumbnails; with many watched they take turns."""


class Cameras:
    """Publishes frames of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._shown_at: dict[int, float] = {}
        self._moving = "progress" in inspect.signature(session.fleet.frames).parameters

    def publish(self, progress: float) -> int:
        """One round of frames at this moment of the last push, 0 to 1; returns how many were sent."""
        begun = time.monotonic()
        watched = watched_cameras(self._session.id, now_ms())
        robots = self._session.run.robots
        sizes: dict[int, list[str]] = {}
        for robot, size in watched:
            if robot < robots:
                sizes.setdefault(robot, []).append(size)
        sent = 0
        full = [robot for robot, wanted in sizes.items() if "full" in wanted]
        thumbs = sorted(sizes.keys() - set(full), key=lambda robot: self._shown_at.get(robot, 0.0))
        for robot in full:
            sent += self._send(robot, sizes[robot], progress, begun)
        for robot in thumbs:
            if begun - self._shown_at.get(robot, 0.0) < THUMB_EVERY_S or time.monotonic() - begun > BUDGET_S:
                break
            sent += self._send(robot, sizes[robot], progress, begun)
        return sent

    def _send(self, robot: int, sizes: list[str], progress: float, now: float) -> int:
        session = self._session
        fleet: Any = session.fleet
        shot: Frame = fleet.frames([robot], progress)[0] if self._moving else fleet.frames([robot])[0]
        number = session.sights.seen(robot, shot.anchor, shot.reach)
        due = [size for size in sizes if size == "full" or now - self._shown_at.get(robot, 0) > THUMB_EVERY_S]
        for size in due:
            header = FrameHeader(
                size, robot, number, session.state.step, now_ms(), shot.anchor, float(shot.reach)
            )
            publish_frame(session.id, header, pack_frame(header, encode_jpeg(shot.image, size)))
        if "thumb" in due:
            self._shown_at[robot] = now
        return len(due)


def encode_jpeg(image: NDArray[np.uint8], size: str) -> bytes:
    """A frame (480, 640, 3) in RGB as JPEG, at full size or as a thumbnail."""
    if size == "thumb":
        image = cv2.resize(image, THUMB, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    bgr = np.ascontiguousarray(image[..., ::-1])
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return bytes(jpeg)
