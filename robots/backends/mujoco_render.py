"""Pictures of simulations drawn by MuJoCo with the machine's OpenGL, where it has one."""

import atexit
import importlib
import logging
import math
import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import mujoco  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from robots.backends import opengl
from robots.backends.mujoco_view import View
from robots.camera import FRAME_HEIGHT, FRAME_WIDTH

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]

FIRST_S = 6.0
"""The first picture, with the search for a working OpenGL, takes one or two seconds, more on a busy machine;
one that takes longer than this is done without. A runner that does not stir for 10 s loses its fleet."""
PATIENCE_S = 3.0
"""The same for every other picture."""
CLOSING_S = 10.0
MOST_MODELS = 8
"""Beyond so many, those that were not drawn for the longest time are closed."""

_INSET = (208, 156)
_MARGIN = 12
_EDGE = (110, 120, 136)
_TEXT = (150, 160, 178)
_GEOMS = 200
_logger = logging.getLogger(__name__)


class Studio:
    """The one thread of this process that OpenGL belongs to; callers of any thread ask it for pictures.

    Its thread starts with the first picture that is asked for and looks for a working OpenGL then. What goes
    wrong is logged once, and from then on there are no pictures. A driver that hangs holds nobody up for more
    than `first_s`, or `patience_s` once something was drawn: until it answers there are no pictures either.
    """

    def __init__(
        self,
        choose: Callable[[], opengl.Choice] = opengl.chosen,
        first_s: float = FIRST_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._choose = choose
        self._first_s, self._patience_s = first_s, patience_s
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self._late: _Job | None = None
        self._failed = False

    def picture(self, model: mujoco.MjModel, positions: Floats, view: View) -> Image | None:
        """One simulation, (480, 640, 3) RGB; positions, shape (nq,), are its qpos.

        None where nothing can be drawn (now): never raises for what OpenGL does.
        """
        with self._turn:
            if self._failed or (self._late and not self._late.done.is_set()):
                return None
            patience_s = self._patience_s if self._thread else self._first_s
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="pictures", daemon=True)
                self._thread.start()
                atexit.register(self.close)  # Before those of the drivers, which the thread loads later.
            job = self._late = _Job(model, np.array(positions), view)
            self._jobs.put(job)
            if not job.done.wait(patience_s):
                _logger.warning(
                    "a picture is not ready after %g s; schematics are shown until it is", patience_s
                )
                return None
            return job.image

    def close(self) -> None:
        """Free what OpenGL holds; there are no pictures afterwards."""
        self._failed = True
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(CLOSING_S)  # Python must not end while a driver is at work in it.
            atexit.unregister(self.close)

    def _work(self) -> None:
        drawing: _Drawing | None = None
        try:
            choice = self._choose()
            if choice.kind is None:
                level = logging.WARNING if choice.wanted else logging.INFO
                _logger.log(level, "pictures of simulations are schematics: %s", choice.text)
                self._failed = True
            elif not self._failed:
                drawing = _Drawing(choice.kind, choice.samples)
                _logger.info("pictures of simulations are rendered by %s", choice.text)
        except Exception as error:
            self._fail(error)
        while job := self._jobs.get():
            try:
                if drawing is not None and not self._failed:
                    job.image = drawing.picture(job.model, job.positions, job.view)
            except Exception as error:  # Whatever a driver raises: a picture is no reason to stop a fleet.
                self._fail(error)
            finally:
                job.done.set()
        if drawing is not None:
            try:
                drawing.close()
            except Exception as error:
                _logger.debug("OpenGL did not close: %s", error)

    def _fail(self, error: Exception) -> None:
        self._failed = True
        _logger.warning(
            "pictures of simulations are schematics from now on: %s: %s", type(error).__name__, error
        )


class _Job:
    """A picture that was asked for."""

    def __init__(self, model: mujoco.MjModel, positions: Floats, view: View) -> None:
        self.model, self.positions, self.view = model, positions, view
        self.image: Image | None = None
        self.done = threading.Event()


class _Drawing:
    """The models that were drawn lately, each with an OpenGL context; lives and dies in one thread."""

    def __init__(self, kind: str, samples: int) -> None:
        self._kind, self._samples = kind, samples
        self._scenes: dict[int, _Scene] = {}
        with self._environment():
            self._context: Any = importlib.import_module(f"mujoco.{kind}").GLContext

    def picture(self, model: mujoco.MjModel, positions: Floats, view: View) -> Image:
        scene = self._scenes.pop(id(model), None)
        if scene is None:
            while len(self._scenes) >= MOST_MODELS:
                self._scenes.pop(next(iter(self._scenes))).close()
            with self._environment():
                scene = _Scene(model, self._context(FRAME_WIDTH, FRAME_HEIGHT), self._samples)
        self._scenes[id(model)] = scene  # Last: drawn last.
        scene.place(positions)
        image = scene.look(view, FRAME_WIDTH, FRAME_HEIGHT)
        if view.inset is not None:
            _lay_in(image, scene.look(view.inset, *_INSET), view.inset.name)
        return image

    def close(self) -> None:
        for scene in self._scenes.values():
            scene.close()
        self._scenes.clear()

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """MuJoCo's loader looks at MUJOCO_GL; its modules set PYOPENGL_PLATFORM, which children inherit."""
        before = {name: os.environ.get(name) for name in ("MUJOCO_GL", "PYOPENGL_PLATFORM")}
        os.environ["MUJOCO_GL"] = self._kind
        try:
            yield
        finally:
            for name, value in before.items():
                if value is not None:
                    os.environ[name] = value
                else:
                    os.environ.pop(name, None)


class _Scene:
    """One model in an OpenGL context of its own, and a scratch simulation of it: no fleet is ever touched.

    In one context for all models, what was drawn before would be seen in the last bit of a picture.
    """

    def __init__(self, model: mujoco.MjModel, context: Any, samples: int) -> None:
        self._context = context
        self._context.make_current()
        model.vis.quality.offsamples = samples
        self._model = model
        self._data = mujoco.MjData(model)
        self._scene = mujoco.MjvScene(model, _GEOMS)
        for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION):
            self._scene.flags[flag] = 0
        self._scene.flags[mujoco.mjtRndFlag.mjRND_FOG] = 1
        self._loaded = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._loaded)

    def place(self, positions: Floats) -> None:
        self._data.qpos[:] = positions
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_camlight(self._model, self._data)

    def look(self, view: View, width: int, height: int) -> Image:
        camera, option = mujoco.MjvCamera(), mujoco.MjvOption()
        camera.lookat[:] = [*self._data.body(view.follow).xpos[:2], view.height]
        camera.distance = view.distance
        # MuJoCo's angles are those of the line of sight, a view's those of where the camera stands.
        camera.azimuth, camera.elevation = math.degrees(view.azimuth) + 180, -math.degrees(view.elevation)
        option.geomgroup[list(view.hidden)] = 0
        everything = mujoco.mjtCatBit.mjCAT_ALL
        # Ahead of the scene: the light beside the camera would else stay where the last picture had it.
        mujoco.mjv_updateCamera(self._model, self._data, camera, self._scene)
        mujoco.mjv_updateScene(self._model, self._data, option, None, camera, everything, self._scene)
        whole, image = mujoco.MjrRect(0, 0, width, height), np.empty((height, width, 3), dtype=np.uint8)
        self._context.make_current()
        mujoco.mjr_render(whole, self._scene, self._loaded)
        mujoco.mjr_readPixels(image, None, whole, self._loaded)
        return image[::-1].copy()

    def close(self) -> None:
        self._context.make_current()
        self._loaded.free()
        self._context.free()


def _lay_in(image: Image, inset: Image, name: str) -> None:
    """Put a smaller picture into the right upper corner."""
    height, width = inset.shape[:2]
    left, top = FRAME_WIDTH - _MARGIN - width, _MARGIN
    image[top : top + height, left : left + width] = inset
    corner, opposite = (left - 1, top - 1), (left + width, top + height)
    cv2.rectangle(image, corner, opposite, _EDGE, 1)
    place = (left, top + height + 16)
    cv2.putText(image, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, _TEXT, 1, cv2.LINE_AA)


_studio: Studio | None = None
_lock = threading.Lock()


def rendered(model: mujoco.MjModel, positions: Floats, view: View) -> Image | None:
    """What `Studio.picture` of this process's studio draws; made when it is first asked."""
    global _studio
    with _lock:
        if _studio is None:
            _studio = Studio()
    return _studio.picture(model, positions, view)


def _without_pictures() -> None:
    """A forked process has neither the thread nor a context that would work."""
    global _studio, _lock
    _lock = threading.Lock()
    if _studio is not None:
        _studio = Studio(
            lambda: opengl.Choice(None, "this process was forked from one that renders", wanted=False)
        )


os.register_at_fork(after_in_child=_without_pictures)
