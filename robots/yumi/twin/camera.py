"""A simulated overhead camera: perspective, a bent lens, uneven light, noise, latency."""

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.eyes.board import Board
from robots.remote.side import Picture, SideError
from robots.yumi.twin.optics import Optics, optics_of
from robots.yumi.twin.paint import FLOOR, Surface, board_on, cube_at, fixed_things, paint, places, tool_at
from robots.yumi.twin.world import Scene

_MARGIN = 9  # Round what moves [px]: more than the blur reaches, from both sides.
_TILE = 64  # Windows of the noise begin at one of this many rows and columns.


class Moments(Protocol):
    """A table that can tell what was on it."""

    def pose(self, now: float) -> Scene:
        """The scene at a moment, by the camera's clock [s]."""


class Fault(StrEnum):
    """What can be wrong with a camera."""

    NONE = "none"
    UNPLUGGED = "unplugged"
    """There is no picture."""
    FROZEN = "frozen"
    """The same picture again and again, with the time at which it was taken."""
    BLACK = "black"
    """The lens is covered."""


@dataclass(frozen=True)
class Sensor:
    """What becomes of light on its way to a picture."""

    blur: float = 0.7
    """Standard deviation of the optics' blur [px]."""
    noise: float = 2.5
    """Standard deviation of each value of each pixel [grey levels of 255]."""
    falloff: float = 0.18
    """How much darker the image's corners are than its middle, as a share."""
    slope: float = 0.12
    """How much brighter one side of the table is lit than the middle, as a share."""


class Eye:
    """Draws scenes as one camera sees them. A picture costs 2 to 3 ms: only what moves is painted anew.

    seed: of the noise; equal seeds and scenes give equal pictures. Not for two threads at once.
    """

    def __init__(self, optics: Optics | None = None, sensor: Sensor | None = None, seed: int = 0) -> None:
        self.optics = optics_of() if optics is None else optics
        self.sensor = Sensor() if sensor is None else sensor
        self._generator = np.random.default_rng(seed)
        self._light = self._lighting()
        floor = np.empty((self.optics.height, self.optics.width, 3), dtype=np.uint8)
        floor[:] = FLOOR
        fixed = fixed_things()
        self._sharp = paint(places(self.optics, fixed), [surface.colour for surface in fixed], floor)
        self._empty = self._developed(self._sharp, slice(None), slice(None))
        rows, columns = self.optics.height + _TILE, self.optics.width + _TILE
        noise = self._generator.standard_normal((rows, columns, 3), dtype=np.float32) * self.sensor.noise
        self._noise = np.rint(noise).astype(np.int16)

    def picture(self, scene: Scene, generator: np.random.Generator | None = None) -> NDArray[np.uint8]:
        """What the camera shows of a scene, (height, width, 3) RGB; noise by this generator, or its own."""
        bodies = [(math.dist(scene.cube[:2], self.optics.at[:2]), cube_at(self.optics, scene.cube))]
        if scene.tool is not None:
            far = math.dist(scene.tool, self.optics.at[:2])
            bodies.append((far, tool_at(self.optics, *scene.tool, scene.heading)))
        bodies.sort(key=lambda body: -body[0])  # What is nearer to the camera hides what is farther.
        return self._noisy(self._with([surface for _, body in bodies for surface in body]), generator)

    def board(
        self,
        board: Board,
        turned: NDArray[np.float64] | None = None,
        shift: Sequence[float] = (0.0, 0.0, 0.0),
    ) -> NDArray[np.uint8]:
        """A calibration board instead of the cube, turned, shape (3, 3), and shifted [m] in the workspace."""
        return self._noisy(self._with(board_on(board, np.eye(3) if turned is None else turned, shift)))

    def empty(self) -> NDArray[np.uint8]:
        """The table with nothing on it that moves."""
        return self._noisy(self._empty.copy())

    def _with(self, surfaces: list[Surface]) -> NDArray[np.uint8]:
        """The empty table and surfaces on it, without noise."""
        image = self._empty.copy()
        outlines = places(self.optics, surfaces)
        pixels = np.concatenate(outlines)
        lowest = np.floor(pixels.min(axis=0)) - _MARGIN
        highest = np.ceil(pixels.max(axis=0)) + _MARGIN
        bounds = np.array([self.optics.width, self.optics.height])
        left, top = np.clip(lowest, 0, bounds).astype(int).tolist()
        right, bottom = np.clip(highest, 0, bounds).astype(int).tolist()
        if right <= left or bottom <= top:
            return image
        under = self._sharp[top:bottom, left:right]
        drawn = paint(outlines, [surface.colour for surface in surfaces], under, (left, top))
        rows, columns = slice(top, bottom), slice(left, right)
        image[rows, columns] = self._developed(drawn, rows, columns)
        return image

    def _developed(self, sharp: NDArray[np.uint8], rows: slice, columns: slice) -> NDArray[np.uint8]:
        """A part of the image after blur and light."""
        lit = sharp.astype(np.float32) * self._light[rows, columns]
        if self.sensor.blur > 0:
            lit = np.asarray(cv2.GaussianBlur(lit, (7, 7), self.sensor.blur), dtype=np.float32)
        developed: NDArray[np.uint8] = np.clip(np.rint(lit), 0, 255).astype(np.uint8)
        return developed

    def _lighting(self) -> NDArray[np.float32]:
        """How much of the light arrives at each pixel, (H, W, 1)."""
        rows, columns = np.mgrid[0 : self.optics.height, 0 : self.optics.width].astype(np.float32)
        across = columns / (self.optics.width - 1) * 2 - 1
        down = rows / (self.optics.height - 1) * 2 - 1
        light = 1 - self.sensor.falloff * (across**2 + down**2) / 2
        light *= 1 + self.sensor.slope * (0.8 * across - 0.6 * down)
        return np.asarray(light[..., None], dtype=np.float32)

    def _noisy(
        self, image: NDArray[np.uint8], generator: np.random.Generator | None = None
    ) -> NDArray[np.uint8]:
        top, left = (generator or self._generator).integers(0, _TILE, size=2).tolist()
        window = self._noise[top : top + image.shape[0], left : left + image.shape[1]]
        return np.asarray(cv2.add(image, window, dtype=cv2.CV_8U), dtype=np.uint8)


class CameraTwin:
    """A camera over a twin's table; its pictures show what was there a while ago, and say so.

    latency_s: from the moment that a picture shows until it can be had [s]. clock: the world's and the
    camera's. `fault` may be set at any time; calls may come from any thread.
    """

    def __init__(
        self,
        world: Moments,
        eye: Eye | None = None,
        latency_s: float = 0.08,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._world, self._eye, self._latency_s, self._clock = world, eye or Eye(), latency_s, clock
        self._lock = threading.Lock()
        self._last: Picture | None = None
        self.fault = Fault.NONE

    def look(self) -> Picture:
        """The newest picture; raises SideError where the camera is unplugged."""
        with self._lock:
            if self.fault is Fault.UNPLUGGED:
                raise SideError("the camera shows nothing: it is unplugged. Plug it in; it is tried again")
            if self.fault is Fault.FROZEN and self._last is not None:
                return replace(self._last, image=self._last.image.copy())
            shown = self._clock() - self._latency_s
            image = self._eye.picture(self._world.pose(shown))
            if self.fault is Fault.BLACK:
                image = np.zeros_like(image)
            self._last = Picture(image, shown)
            return self._last

    def moved(self, optics: Optics) -> None:
        """Somebody has knocked against the camera."""
        eye = Eye(optics, self._eye.sensor)
        with self._lock:
            self._eye = eye
