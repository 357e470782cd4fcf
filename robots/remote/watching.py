"""The camera beside a robot: the newest picture, and whether it still shows the world."""

import threading
import zlib
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.remote.side import Picture, RobotSide, SideError

JPEG_QUALITY = 90


class Frozen:
    """Notices a camera that gives the same picture again and again; a real one never does, for its noise."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._stamp: float | None = None
        self._print: int | None = None
        self._since = 0.0

    def saw(self, picture: Picture, now: float) -> bool:
        """Whether the picture is new; `now` is when it was taken from the camera's hands [s]."""
        seal = zlib.crc32(np.ascontiguousarray(picture.image).data)
        new_stamp = self._stamp is None or picture.captured_at > self._stamp
        if new_stamp and seal != self._print:
            self._since = now
        self._print = seal
        if new_stamp:
            self._stamp = picture.captured_at
        return new_stamp

    def trouble(self, now: float) -> str:
        """A sentence where nothing has changed for too long."""
        if self._stamp is None or now - self._since <= self._after_s:
            return ""
        return (
            f"the camera shows the same picture since {now - self._since:.0f} s; "
            "check its cable and start it again"
        )


class Watcher:
    """Looks in a thread of its own, since a camera can hang; keeps the newest picture."""

    def __init__(
        self, side: RobotSide, clock: Callable[[], float], rate: float, frozen_s: float = 5.0
    ) -> None:
        self._side, self._clock, self._rate, self._frozen_s = side, clock, rate, frozen_s
        self._frozen = Frozen(frozen_s)
        self._closing = False
        self._wake = threading.Event()
        self._trouble = "the camera has shown nothing yet"
        self._looked_at = clock()
        self.newest: Picture | None = None
        self.on_picture: Callable[[Picture], None] = lambda picture: None
        """Called by this object's thread with every new picture."""
        self._thread = threading.Thread(target=self._watch, name="camera", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def hurry(self) -> None:
        """Look now, since something has just changed that people and the policy wait to see."""
        self._wake.set()

    def close(self) -> None:
        """Look no more; a camera that hangs is left behind."""
        self._closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)

    def trouble(self) -> str:
        """What is wrong with the camera, with the mend; empty where it sees."""
        silent = self._clock() - self._looked_at
        if silent > self._frozen_s:
            return f"the camera gave no picture for {silent:.0f} s; check its cable and start it again"
        return self._trouble

    def _watch(self) -> None:
        while not self._closing:
            began = self._clock()
            try:
                picture = self._side.look()
                jpeg_ready(picture.image)
                new = self._frozen.saw(picture, self._clock())
                self._trouble = self._frozen.trouble(self._clock())
            except SideError as error:
                new, self._trouble = False, str(error)
            except Exception as error:  # An integrator's code: the arm stays under control whatever it does.
                new, self._trouble = False, f"the camera's code failed: {type(error).__name__}: {error}"
            self._looked_at = self._clock()
            if new:
                self.newest = picture
                self.on_picture(picture)
            self._wake.wait(max(0.0, began + 1.0 / self._rate - self._clock()))
            self._wake.clear()


def jpeg_ready(image: NDArray[np.uint8]) -> None:
    """Raises SideError for what is no picture."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise SideError(
            f"the camera gave an array of shape {image.shape} of {image.dtype}, but a picture has "
            "(height, width, 3) of uint8, RGB"
        )


def to_jpeg(image: NDArray[np.uint8]) -> bytes:
    """An RGB picture as JPEG."""
    _, encoded = cv2.imencode(
        ".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    return encoded.tobytes()


def from_jpeg(jpeg: bytes) -> NDArray[np.uint8]:
    """The RGB picture of a JPEG; raises SideError for what is none."""
    image = cv2.imdecode(np.frombuffer(jpeg, dtype=np.uint8), cv2.IMREAD_COLOR) if jpeg else None
    if image is None:
        raise SideError(f"{len(jpeg)} bytes came as a picture, but they are no JPEG")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
