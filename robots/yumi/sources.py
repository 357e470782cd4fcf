"""Where pictures come from: a camera that OpenCV opens, or one that serves single JPEGs."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import requests

from robots.remote.side import Picture, SideError
from robots.yumi.capture import Source

AGE_HEADER = "X-Capture-Age"
"""How old the picture was when the answer was sent [s]; a camera that does not say is taken at its word that
the picture is as new as the request."""


def source_for(camera: str) -> Callable[[], Source]:
    """What opens a camera: the number of a device, the path of one, the URL of a stream, or of single JPEGs.

    Raises SideError for no camera at all.
    """
    if not camera.strip():
        raise SideError("The camera is '', but must be a number as in 0, a path as in /dev/video0, or a URL.")
    path = camera.split("?")[0].lower()
    if camera.startswith(("http://", "https://")) and path.endswith((".jpg", ".jpeg")):
        return lambda: StillSource(camera)
    return lambda: VideoSource(camera)


class VideoSource:
    """Whatever OpenCV opens. A file is played once, at its own speed."""

    def __init__(self, camera: str) -> None:
        self._name = camera
        self._video = cv2.VideoCapture(int(camera) if camera.isdecimal() else camera)
        if not self._video.isOpened():
            self._video.release()
            raise SideError(
                f"The camera {camera} cannot be opened. Check its number or path (ls /dev/video*), that "
                "it is plugged in, and that no other program holds it."
            )
        self._video.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # Else the newest picture waits behind old ones.
        is_file = not camera.isdecimal() and Path(camera).is_file()
        self._pause_s = 1.0 / (self._video.get(cv2.CAP_PROP_FPS) or 30.0) if is_file else 0.0

    def read(self) -> Picture:
        """The stamp is taken when the picture has arrived from the device, before it is decoded."""
        time.sleep(self._pause_s)
        arrived = self._video.grab()
        captured_at = time.monotonic()
        fetched, image = self._video.retrieve() if arrived else (False, None)
        if not fetched or image is None:
            raise SideError(f"The camera {self._name} has stopped sending pictures. Check its cable.")
        return Picture(_rgb(image), captured_at)

    def close(self) -> None:
        """Let another program have it."""
        self._video.release()


class StillSource:
    """A camera that answers each request with one JPEG. limit_s: of a request; pause_s: between two [s]."""

    def __init__(self, url: str, limit_s: float = 1.0, pause_s: float = 0.08) -> None:
        self._url, self._limit_s, self._pause_s = url, limit_s, pause_s
        self._session = requests.Session()
        self._session.trust_env = False

    def read(self) -> Picture:
        """Stamped as if it had been taken when it was asked for: it is never older than it says."""
        time.sleep(self._pause_s)
        asked_at = time.monotonic()
        try:
            with self._session.get(self._url, timeout=self._limit_s) as answer:
                answer.raise_for_status()
                image = cv2.imdecode(np.frombuffer(answer.content, dtype=np.uint8), cv2.IMREAD_COLOR)
                age_s = float(answer.headers.get(AGE_HEADER, 0.0))
        except (requests.RequestException, cv2.error, ValueError) as error:
            raise SideError(
                f"The camera at {self._url} gives no picture ({type(error).__name__}). Check the address, "
                "and that the camera is on."
            ) from error
        if image is None:
            raise SideError(f"The camera at {self._url} sends something that is no JPEG. Check the address.")
        return Picture(_rgb(image), asked_at - age_s)

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()


def _rgb(image: Any) -> Any:
    return np.ascontiguousarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
