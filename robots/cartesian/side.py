"""A three-axis arm in MuJoCo that pushes along straight lines in real time, and a camera above it."""

import math
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import cv2
import mujoco  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from robots.remote.side import Picture, Reach, SideError

WIDTH, HEIGHT = 640, 480
PIXELS_PER_METRE = 680.0
"""Of the picture, at the height of the table."""
LIFTED, LOWERED = 0.1, 0.0
"""Heights of the tool [m]."""
TRAVEL_SPEED = 0.4
"""With the tool lifted [m/s]."""
_SLICE_S = 0.02
_NOISE, _SHIFT = 2.0, 64
_TABLE, _BLOCK, _TOOL = (199, 211, 216), (38, 51, 216), (76, 64, 51)  # BGR


class CartesianSide:
    """The robot, its world and its camera. The simulation moves only while a motion is under way."""

    def __init__(self, seed: int = 0, time_factor: float = 1.0) -> None:
        """time_factor: simulated seconds per second. Raises SideError unless it is positive."""
        if not (math.isfinite(time_factor) and time_factor > 0.0):
            raise SideError(f"time_factor is {time_factor!r}, but must be a positive number")
        self._model = mujoco.MjModel.from_xml_path(str(Path(__file__).with_name("arm.xml")))
        self._data = mujoco.MjData(self._model)
        self._factor = time_factor
        self._random = np.random.default_rng(seed)
        noise = self._random.normal(0.0, _NOISE, (HEIGHT + _SHIFT, WIDTH + _SHIFT, 3))
        self._noise = noise.astype(np.int16)  # Shifted from picture to picture: drawing it anew is slow.
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._motors = True
        self._data.joint("z").qpos[0] = LIFTED
        self._data.actuator("z").ctrl[0] = LIFTED
        mujoco.mj_forward(self._model, self._data)

    def look(self) -> Picture:
        """The table from above, with a camera's noise."""
        with self._lock:
            captured_at = time.monotonic()
            block, tool = self._data.body("block"), self._data.body("tool")
            centre, across, along = (
                block.xpos[:2].copy(),
                block.xmat[[0, 3]].copy(),
                block.xmat[[1, 4]].copy(),
            )
            tool_at = tool.xpos[:2].copy()
        picture = np.full((HEIGHT, WIDTH, 3), _TABLE, dtype=np.uint8)
        half = 0.025
        corners = [centre + half * (a * across + b * along) for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))]
        cv2.fillConvexPoly(picture, np.array([_pixel(corner) for corner in corners], dtype=np.int32), _BLOCK)
        cv2.circle(picture, _pixel(tool_at), round(0.01 * PIXELS_PER_METRE), _TOOL, -1)
        down, right = self._random.integers(0, _SHIFT, 2)
        noise = self._noise[down : down + HEIGHT, right : right + WIDTH]
        noisy = cv2.add(picture, noise, dtype=cv2.CV_8U)
        image = np.asarray(cv2.cvtColor(noisy, cv2.COLOR_BGR2RGB), dtype=np.uint8)
        return Picture(image, captured_at)

    def move(self, reach: Reach) -> None:
        """Over the begin with the tool lifted, down, along, up; raises SideError where it was stopped."""
        self._stopped.clear()
        self._motors = True
        here = self._tool()
        self._line(here, (*here[:2], LIFTED), TRAVEL_SPEED)
        self._line((*here[:2], LIFTED), (*reach.begin, LIFTED), TRAVEL_SPEED)
        self._line((*reach.begin, LIFTED), (*reach.begin, LOWERED), TRAVEL_SPEED)
        self._line((*reach.begin, LOWERED), (*reach.end, LOWERED), reach.speed)
        self._line((*reach.end, LOWERED), (*reach.end, LIFTED), TRAVEL_SPEED)

    def stop(self, *, motors_off: bool = False) -> None:
        """Stand where it is; with motors off, the axes move freely."""
        if motors_off:
            self._motors = False
        self._stopped.set()

    def state(self) -> Mapping[str, str]:
        """Always ready: there is nothing in it that can fail."""
        x, y, z = self._tool()
        return {"ready": "yes", "tool": f"{x:.3f} {y:.3f} {z:.3f}", "motors": "on" if self._motors else "off"}

    def block(self) -> tuple[float, float]:
        """Where the block truly is [m], for tests."""
        with self._lock:
            x, y = self._data.body("block").xpos[:2]
        return float(x), float(y)

    def _tool(self) -> tuple[float, float, float]:
        with self._lock:
            x, y, z = (float(self._data.joint(name).qpos[0]) for name in "xyz")
        return x, y, z

    def _line(self, begin: tuple[float, float, float], end: tuple[float, float, float], speed: float) -> None:
        length = math.dist(begin, end)
        slices = max(1, math.ceil(length / speed / _SLICE_S))
        for index in range(1, slices + 1):
            due = time.monotonic() + _SLICE_S / self._factor
            with self._lock:
                if self._stopped.is_set():
                    self._hold()
                    raise SideError("the motion was stopped on its way")
                for axis, start, stop in zip("xyz", begin, end, strict=True):
                    self._data.actuator(axis).ctrl[0] = start + (stop - start) * index / slices
                mujoco.mj_step(self._model, self._data, nstep=round(_SLICE_S / self._model.opt.timestep))
            self._stopped.wait(max(0.0, due - time.monotonic()))

    def _hold(self) -> None:
        """From now on the axes are ordered to where they are."""
        for axis in "xyz":
            self._data.actuator(axis).ctrl[0] = self._data.joint(axis).qpos[0]


def _pixel(point: NDArray[np.float64]) -> tuple[int, int]:
    return (
        round(WIDTH / 2 + float(point[0]) * PIXELS_PER_METRE),
        round(HEIGHT / 2 - float(point[1]) * PIXELS_PER_METRE),
    )
