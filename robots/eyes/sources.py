"""Where pictures for a calibration come from: a device, a stream, an image, a folder of images."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from robots.eyes.lens import CalibrationError

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")

_SETTLING = 5  # A camera's first pictures are dark while it finds its exposure.


@dataclass(frozen=True)
class Shot:
    """One picture and what people know it by."""

    name: str
    image: NDArray[np.uint8]
    """(H, W, 3), RGB."""


@dataclass(frozen=True)
class Taking:
    """How pictures are taken from a camera that is running."""

    pictures: int
    every_s: float
    size: tuple[int, int] | None = None
    """Width and height to ask the camera for [px]; its own unless given."""
    sleep: Callable[[float], None] = time.sleep


def shots_of(source: str, taking: Taking) -> Iterator[Shot]:
    """The pictures of a source: the images of a folder by name, one image, or a camera's, taken in turn.

    source: a device number, a URL, a file or a folder. Raises CalibrationError, with name and mend, where it
    cannot be read, shows another size than was asked for, or ends early.
    """
    path = Path(source).expanduser()
    if source.isdecimal() or "://" in source:
        yield from _taken(source, int(source) if source.isdecimal() else source, taking)
    elif path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in IMAGES)
        if not files:
            raise CalibrationError(f"{path} holds no images; valid are: {', '.join(IMAGES)}")
        for file in files:
            yield _image(file)
    elif path.suffix.lower() in IMAGES:
        yield _image(path)
    elif path.is_file():
        yield from _taken(source, str(path), taking)
    else:
        raise CalibrationError(
            f"camera {source!r} is not there; valid are a device number, a URL, a file, a folder of images"
        )


def _image(path: Path) -> Shot:
    try:
        packed = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise CalibrationError(f"{path}: {error.strerror}; name a picture that can be read") from None
    read = cv2.imdecode(packed, cv2.IMREAD_COLOR) if packed.size else None
    if read is None:
        raise CalibrationError(f"{path} is no picture that can be read; take it again, or leave it out")
    return Shot(path.name, np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), dtype=np.uint8))


def _taken(name: str, opened: int | str, taking: Taking) -> Iterator[Shot]:
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # The sentence below says it.
    try:
        capture = cv2.VideoCapture(opened)
        try:
            yield from _frames(name, capture, taking)
        finally:
            capture.release()
    finally:
        cv2.utils.logging.setLogLevel(level)


def _frames(name: str, capture: cv2.VideoCapture, taking: Taking) -> Iterator[Shot]:
    if not capture.isOpened():
        raise CalibrationError(
            f"camera {name!r} cannot be opened: look at its cable and that no other program holds it, or "
            "name another device number, URL, file or folder"
        )
    if taking.size is not None:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, taking.size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, taking.size[1])
    for _ in range(_SETTLING):
        capture.grab()
    for number in range(taking.pictures):
        if number:
            taking.sleep(taking.every_s)
            capture.grab()  # What waited in the camera's queue is old.
        there, read = capture.read()
        if not there or read is None:
            raise CalibrationError(
                f"camera {name!r} gave {number} of {taking.pictures} pictures and then none: look at its "
                "cable"
            )
        image = np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), dtype=np.uint8)
        if taking.size is not None and image.shape[1::-1] != taking.size:
            raise CalibrationError(
                f"camera {name!r} gives {image.shape[1]}×{image.shape[0]} px, not {taking.size[0]}×"
                f"{taking.size[1]} as was asked for: ask for a size that it has"
            )
        yield Shot(f"picture-{number + 1:02d}", image)
