"""The agent's camera: newest picture, its age, and what is said where there is none."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from yumi_twin import twin, until

from robots.remote.side import Picture, SideError
from robots.yumi.capture import Capture, Source
from robots.yumi.sources import source_for
from robots.yumi.twin.station import Station


class Scripted:
    """A camera that shows what a test puts before it."""

    def __init__(self) -> None:
        self.next: Picture | SideError = SideError("not yet")
        self.opened = self.closed = 0
        self.missing = ""

    def open(self) -> Source:
        if self.missing:
            raise SideError(self.missing)
        self.opened += 1
        return self

    def read(self) -> Picture:
        time.sleep(0.005)
        if isinstance(self.next, SideError):
            raise self.next
        return self.next

    def close(self) -> None:
        self.closed += 1


def picture(at: float) -> Picture:
    return Picture(np.zeros((4, 4, 3), dtype=np.uint8), at)


def shows(capture: Capture) -> bool:
    try:
        capture.newest()
    except SideError:
        return False
    return True


def test_the_newest_picture_is_at_hand_until_it_is_old() -> None:
    clock = [10.0]
    camera = Scripted()
    capture = Capture(camera.open, stale_s=1.0, again_s=0.01, clock=lambda: clock[0])
    camera.next = picture(10.0)
    until(lambda: shows(capture))
    clock[0] = 10.9
    assert capture.newest().captured_at == 10.0
    clock[0] = 11.5
    with pytest.raises(SideError, match=r"1\.5 s old"):
        capture.newest()
    capture.close()
    assert camera.opened == camera.closed


def test_a_camera_that_breaks_says_so_and_is_opened_anew() -> None:
    camera = Scripted()
    capture = Capture(camera.open, stale_s=0.05, again_s=0.01)
    camera.next = SideError("the cable is loose")
    until(lambda: camera.opened > 2)
    with pytest.raises(SideError, match="the cable is loose"):
        capture.newest()
    camera.missing = "there is no camera 7"
    until(lambda: _says(capture, "there is no camera 7"))
    camera.missing = ""
    with pytest.raises(SideError):
        capture.wait(0.05)
    camera.next = picture(time.monotonic() + 3600)
    assert capture.wait(30.0) is camera.next
    capture.close()


def _says(capture: Capture, words: str) -> bool:
    try:
        capture.newest()
    except SideError as error:
        return words in str(error)
    return False


def test_cameras_that_are_not_there_are_named(tmp_path: Path) -> None:
    for camera in (str(tmp_path / "none.avi"), "/dev/video-none"):
        with pytest.raises(SideError, match="cannot be opened"):
            source_for(camera)()
    with pytest.raises(SideError, match="must be a number"):
        source_for(" ")
    still = source_for("http://127.0.0.1:9/a.jpg")()
    with pytest.raises(SideError, match="gives no picture"):
        still.read()
    still.close()


def test_a_recorded_film_is_shown_once_in_rgb_with_the_time_of_each_picture(tmp_path: Path) -> None:
    film = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 50.0, (64, 48))
    for _ in range(3):
        writer.write(np.full((48, 64, 3), (200, 30, 10), dtype=np.uint8))  # Blue, to OpenCV.
    writer.release()
    source = source_for(str(film))()
    before = time.monotonic()
    pictures = [source.read() for _ in range(3)]
    assert before < pictures[0].captured_at < pictures[1].captured_at < time.monotonic()
    red, _, blue = pictures[0].image[20, 20].tolist()
    assert blue > 150 > 60 > red
    with pytest.raises(SideError, match="stopped sending pictures"):
        source.read()
    source.close()


@pytest.fixture
def station() -> Iterator[Station]:
    with twin() as made:
        yield made


def test_a_twin_s_picture_is_as_old_as_it_says(station: Station) -> None:
    source = source_for(station.addresses.cameras["left"])()
    camera = station.cameras()["left"]  # Made here, since that takes longer than a picture may.
    before = time.monotonic()
    seen = source.read()
    assert camera._last is not None
    took_s = time.monotonic() - before
    assert camera._last.captured_at - took_s <= seen.captured_at <= camera._last.captured_at + 1e-3
    assert seen.image.shape == camera._last.image.shape
    source.close()


def test_a_twin_s_camera_can_be_unplugged_freeze_and_come_back(station: Station) -> None:
    capture = Capture(source_for(station.addresses.cameras["left"]), stale_s=0.5, again_s=0.01)
    capture.wait(30.0)
    for fault, words in (("camera_unplugged", "gives no picture"), ("camera_frozen", "s old")):
        station.provoke(fault, "left")
        until(lambda words=words: _says(capture, words))
        station.provoke("camera_ok", "left")
        capture.wait(30.0)
    station.provoke("camera_black", "left")
    until(lambda: capture.wait(30.0).image.max() < 10)
    capture.close()


def test_a_camera_that_hangs_delays_nobody() -> None:
    held = threading.Event()

    class Hanging(Scripted):
        def read(self) -> Picture:
            held.wait(30.0)
            raise SideError("gone")

    capture = Capture(Hanging().open)
    with pytest.raises(SideError, match="has not shown anything yet"):
        capture.newest()
    held.set()
    capture.close()
