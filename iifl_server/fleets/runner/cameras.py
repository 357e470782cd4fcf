"""Camera frames of a run: rendered and encoded only for robots that somebody watches."""

import inspect
import time
from dataclasses import dataclass
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
"""Of each round, at most half of a core; with more watched than fit into it, cameras take turns."""


@dataclass(frozen=True)
class _Drawn:
    """A frame as it is sent."""

    moves: int
    """How often the robot had moved."""
    anchor: tuple[float, float] | None
    reach: float
    jpegs: dict[str, bytes]
    """By size."""
    captured_at: float | None
    """Of a real camera [s since the epoch]."""


class Cameras:
    """Publishes frames of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._shown_at: dict[tuple[int, str], float] = {}
        self._rests: dict[int, tuple[int, tuple[float, float] | None]] = {}
        self._moving = "progress" in inspect.signature(session.fleet.frames).parameters
        self._still = not self._moving and getattr(session.fleet, "still_between_steps", False)
        self._drawn: dict[int, _Drawn] = {}

    def publish(self, progress: float) -> int:
        """One round of frames at this moment of the last push, 0 to 1; returns how many were sent."""
        begun = time.monotonic()
        due: dict[int, list[str]] = {}
        for robot, size in watched_cameras(self._session.id, now_ms()):
            pause = THUMB_EVERY_S if size == "thumb" else 0.0
            if robot < self._session.run.robots and begun - self._last(robot, size) >= pause:
                due.setdefault(robot, []).append(size)
        turns = sorted(due, key=lambda robot: ("full" not in due[robot], self._last(robot, due[robot][0])))
        sent = 0
        for robot in turns:
            if sent and time.monotonic() - begun > BUDGET_S:
                break
            self._send(robot, due[robot], progress)
            self._shown_at.update({(robot, size): begun for size in due[robot]})
            sent += len(due[robot])
        return sent

    def _last(self, robot: int, size: str) -> float:
        return self._shown_at.get((robot, size), 0.0)

    def _send(self, robot: int, sizes: list[str], progress: float) -> None:
        session = self._session
        moving = self._moving and progress < 1.0
        drawn = self._kept(robot, sizes) or self._draw(robot, sizes, progress if moving else 1.0)
        anchor = self._rest(robot) if moving else drawn.anchor
        number = session.sights.seen(robot, anchor, drawn.reach, drawn.captured_at)
        taken = now_ms() if drawn.captured_at is None else drawn.captured_at * 1000
        for size in sizes:
            header = FrameHeader(size, robot, number, session.state.step, taken, drawn.anchor, drawn.reach)
            publish_frame(session.id, header, pack_frame(header, drawn.jpegs[size]))

    def _kept(self, robot: int, sizes: list[str]) -> "_Drawn | None":
        """What was drawn since the robot moved last, where nothing else moves it."""
        kept = self._drawn.get(robot)
        if kept is None or kept.moves != self._session.sights.moves(robot):
            return None
        return kept if kept.jpegs.keys() >= set(sizes) else None

    def _draw(self, robot: int, sizes: list[str], progress: float) -> "_Drawn":
        shot = self._shoot(robot, progress)
        moves = self._session.sights.moves(robot)
        jpegs = {size: encode_jpeg(shot.image, size) for size in sizes}
        drawn = _Drawn(moves, shot.anchor, float(shot.reach), jpegs, shot.captured_at)
        if self._still:
            self._drawn[robot] = drawn
        return drawn

    def _shoot(self, robot: int, progress: float) -> Frame:
        fleet: Any = self._session.fleet
        shot: Frame = fleet.frames([robot], progress)[0] if self._moving else fleet.frames([robot])[0]
        return shot

    def _rest(self, robot: int) -> tuple[float, float] | None:
        """Where a push will start, while the last one is still shown in motion: looked up once a push."""
        moves = self._session.sights.moves(robot)
        known = self._rests.get(robot)
        if known is None or known[0] != moves:
            known = self._rests[robot] = (moves, self._shoot(robot, 1.0).anchor)
        return known[1]


def encode_jpeg(image: NDArray[np.uint8], size: str) -> bytes:
    """A frame (480, 640, 3) in RGB as JPEG, at full size or as a thumbnail."""
    if size == "thumb":
        image = cv2.resize(image, THUMB, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    bgr = np.ascontiguousarray(image[..., ::-1])
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return bytes(jpeg)
