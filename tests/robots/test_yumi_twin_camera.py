"""The simulated camera: what it draws lies where its optics say, late, noisy, and broken where asked."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from twin_cameras import eye

from robots.remote.side import SideError
from robots.yumi.twin.camera import CameraTwin, Eye, Fault, Sensor
from robots.yumi.twin.optics import optics_of
from robots.yumi.twin.world import Scene

CUBE = Scene((0.12, 0.05, 0.6), None)


def test_mountings_differ_by_seed_and_repeat() -> None:
    assert optics_of(3) == optics_of(3)
    assert optics_of(3) != optics_of(4)
    small = optics_of(3, 480, 360)
    assert small.project(np.zeros(3)) * 2 == pytest.approx(optics_of(3).project(np.zeros(3)), abs=1.0)


def test_the_optical_axis_meets_the_table_where_the_camera_looks() -> None:
    optics = optics_of(2)
    assert optics.project(np.array([*optics.towards, 0.0])) == pytest.approx(optics.lens.centre)
    assert np.linalg.det(optics.rotation) == pytest.approx(1.0)
    above = optics.project(np.array([[0.1, 0.0, 0.0], [0.1, 0.1, 0.0]]))
    assert above[1, 1] < above[0, 1]  # The workspace's y points up in the picture.


def colour_near(image: NDArray[np.uint8], pixel: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = np.round(pixel).astype(int)
    found: NDArray[np.float64] = image[y - 1 : y + 2, x - 1 : x + 2].mean(axis=(0, 1))
    return found


def test_table_obstacle_cube_and_plate_are_where_they_are() -> None:
    optics = eye().optics
    image = eye().picture(Scene((0.12, 0.05, 0.0), (-0.1, 0.1), 0.0))
    red, green, blue = colour_near(image, optics.project(np.array([0.03, 0.03, 0.0])))
    assert red > 2 * max(green, blue)
    red, green, blue = colour_near(image, optics.project(np.array([0.112, 0.042, 0.04])))
    assert blue > 2 * red
    red, green, blue = colour_near(image, optics.project(np.array([-0.1, 0.1, 0.08])))
    assert min(red, green) > 1.5 * blue
    table = colour_near(image, optics.project(np.array([0.0, -0.12, 0.0])))
    assert np.ptp(table) < 20


def test_a_plate_between_camera_and_cube_hides_a_part_of_it() -> None:
    def blue(scene: Scene) -> int:
        image = eye().picture(scene).astype(int)
        return int(((image[..., 2] > 130) & (image[..., 0] < 120)).sum())

    x, y, _ = CUBE.cube
    towards = math.atan2(eye().optics.at[1] - y, eye().optics.at[0] - x)
    tool = (x + 0.026 * math.cos(towards), y + 0.026 * math.sin(towards))
    away = (x - 0.1, y - 0.1)
    alone = blue(CUBE)
    assert blue(replace(CUBE, tool=tool, heading=towards)) < 0.97 * alone
    assert blue(replace(CUBE, tool=away)) == pytest.approx(alone, rel=0.02)


def test_the_light_is_uneven_and_pixels_are_noisy() -> None:
    first, second = (eye().empty().astype(int) for _ in range(2))
    noise = (first - second).std() / math.sqrt(2)
    assert noise == pytest.approx(Sensor().noise, rel=0.15)
    table = np.array([[-0.15, 0.1, 0.0], [0.15, 0.1, 0.0]])
    left, right = (colour_near(eye().empty(), pixel).mean() for pixel in eye().optics.project(table))
    assert right > left + 2


def test_equal_seeds_give_equal_pictures() -> None:
    small = optics_of(0, 320, 240)
    first, second = (Eye(small, seed=7).picture(CUBE) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, Eye(small, seed=8).picture(CUBE))


def test_what_moves_is_painted_as_if_everything_were_painted() -> None:
    still = Eye(optics_of(0, 320, 240), Sensor(noise=0.0))
    before = still.empty()
    changed = np.abs(still.picture(CUBE).astype(int) - before).max(axis=2) > 3
    rows, columns = np.nonzero(changed)
    middle = still.optics.project(np.array([*CUBE.cube[:2], 0.02]))
    assert math.dist((columns.mean(), rows.mean()), middle) < 3
    assert changed.sum() < 40 * 40
    assert np.array_equal(still.empty(), before)


def test_things_out_of_sight_change_nothing() -> None:
    still = Eye(optics_of(0, 320, 240), Sensor(noise=0.0))
    assert np.array_equal(still.picture(Scene((3.0, 3.0, 0.0), None)), still.empty())


class Sliding:
    """A table on which the cube slides by 1 cm a second."""

    def pose(self, now: float) -> Scene:
        return Scene((0.1, 0.01 * now, 0.0), None)


def blue_row(image: NDArray[np.uint8]) -> float:
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    return float(np.nonzero((hsv[..., 1] > 120) & (abs(hsv[..., 0].astype(int) - 108) < 12))[0].mean())


def test_a_picture_shows_what_was_there_and_says_when() -> None:
    now = [8.0]
    still = Eye(optics_of(0, 320, 240), Sensor(noise=0.0))
    camera = CameraTwin(Sliding(), still, latency_s=2.0, clock=lambda: now[0])
    picture = camera.look()
    assert picture.captured_at == 6.0
    assert np.array_equal(picture.image, still.picture(Sliding().pose(6.0)))
    now[0] = 12.0
    assert blue_row(camera.look().image) < blue_row(picture.image)  # Up the picture.


def test_faults_show_as_they_do_on_real_cameras() -> None:
    now = [5.0]
    camera = CameraTwin(Sliding(), Eye(optics_of(0, 320, 240)), clock=lambda: now[0])
    first = camera.look()
    camera.fault = Fault.FROZEN
    now[0] = 9.0
    frozen = camera.look()
    assert frozen.captured_at == first.captured_at
    assert np.array_equal(frozen.image, first.image)
    camera.fault = Fault.UNPLUGGED
    with pytest.raises(SideError, match="Plug it in"):
        camera.look()
    camera.fault = Fault.BLACK
    assert camera.look().image.max() == 0
    camera.fault = Fault.NONE
    assert camera.look().captured_at > first.captured_at


def test_a_camera_that_was_knocked_against_shows_another_picture() -> None:
    optics = optics_of(0, 320, 240)
    camera = CameraTwin(Sliding(), Eye(optics, Sensor(noise=0.0)), clock=lambda: 5.0)
    before = camera.look().image
    camera.moved(replace(optics, at=(optics.at[0] + 0.02, *optics.at[1:])))
    assert np.abs(camera.look().image.astype(int) - before).max() > 30
