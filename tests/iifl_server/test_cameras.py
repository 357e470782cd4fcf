"""Frames are made for robots that somebody watches, and clicks are taken where they mean something."""

from typing import Any

import cv2
import numpy as np
import pytest

from iifl_server.fleets.models import Run
from iifl_server.fleets.runner.cameras import Cameras
from iifl_server.fleets.runner.driver import Driver
from iifl_server.live import keys
from iifl_server.live.clock import now_ms
from iifl_server.live.frames import unpack_frame

pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_is_rendered_while_nobody_watches(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a frame was rendered")

    monkeypatch.setattr(driver.session.fleet, "frames", refuse)
    assert Cameras(driver.session).publish(1.0) == 0


def test_watched_cameras_get_their_size_and_the_rest_nothing(driver: Driver, run: Run, broker: Any) -> None:
    watch(broker, run, "1:full", "2:thumb")
    assert Cameras(driver.session).publish(1.0) == 2
    assert picture(broker, run, 1, "full").shape == (480, 640, 3)
    assert picture(broker, run, 2, "thumb").shape == (120, 160, 3)
    assert not broker.exists(keys.frame(run.pk, 0, "full"))


def test_a_watch_that_is_not_renewed_ends(driver: Driver, run: Run, broker: Any) -> None:
    broker.zadd(keys.watched(run.pk), {"1:full": now_ms() - 1})
    assert Cameras(driver.session).publish(1.0) == 0


def test_frame_numbers_rise_and_lead_back_to_what_was_seen(driver: Driver, run: Run, broker: Any) -> None:
    watch(broker, run, "1:full")
    cameras, session = Cameras(driver.session), driver.session
    numbers = []
    for _ in range(3):
        cameras.publish(1.0)
        header, _ = unpack_frame(broker.get(keys.frame(run.pk, 1, "full")))
        numbers.append(header.frame)
        sighting = session.sights.find(1, header.frame)
        assert sighting is not None
        assert sighting.anchor == pytest.approx(header.anchor)
        assert session.sights.is_current(1, sighting)
    assert numbers == [0, 1, 2]


def test_a_click_while_a_push_is_shown_in_motion_starts_where_the_robot_came_to_rest(
    driver: Driver, run: Run, broker: Any
) -> None:
    watch(broker, run, "1:full")
    driver.tick()
    session, cameras = driver.session, Cameras(driver.session)
    cameras.publish(0.5)
    shown, _ = unpack_frame(broker.get(keys.frame(run.pk, 1, "full")))
    cameras.publish(1.0)
    rest, _ = unpack_frame(broker.get(keys.frame(run.pk, 1, "full")))
    assert shown.anchor != rest.anchor
    sighting = session.sights.find(1, shown.frame)
    assert sighting is not None
    assert sighting.anchor == pytest.approx(rest.anchor)


def test_with_more_cameras_than_fit_into_a_round_all_take_turns(
    driver: Driver, run: Run, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from iifl_server.fleets.runner import cameras as module

    monkeypatch.setattr(module, "BUDGET_S", 0.0)
    watch(broker, run, *(f"{robot}:full" for robot in range(4)))
    cameras = Cameras(driver.session)
    for _ in range(4):
        assert cameras.publish(1.0) == 1
    assert all(broker.exists(keys.frame(run.pk, robot, "full")) for robot in range(4))


@pytest.mark.parametrize(("still", "drawn"), [(True, 1), (False, 3)])
def test_what_only_steps_move_is_drawn_once_a_step_and_sent_every_round(
    driver: Driver, run: Run, broker: Any, monkeypatch: pytest.MonkeyPatch, still: bool, drawn: int
) -> None:
    session = driver.session
    asked: list[list[int]] = []
    frames = session.fleet.frames

    def counted(ids: list[int]) -> Any:
        asked.append(ids)
        return frames(ids)

    monkeypatch.setattr(session.fleet, "frames", counted)
    monkeypatch.setattr(session.fleet, "still_between_steps", still, raising=False)
    watch(broker, run, "1:full")
    cameras = Cameras(session)
    numbers = []
    for _ in range(3):
        assert cameras.publish(1.0) == 1
        numbers.append(unpack_frame(broker.get(keys.frame(run.pk, 1, "full")))[0].frame)
    assert len(asked) == drawn
    assert numbers == [0, 1, 2]
    session.sights.moved(1)
    cameras.publish(1.0)
    assert len(asked) == drawn + 1


def watch(broker: Any, run: Run, *cameras: str) -> None:
    broker.zadd(keys.watched(run.pk), {camera: now_ms() + 5000 for camera in cameras})


def picture(broker: Any, run: Run, robot: int, size: str) -> Any:
    _, jpeg = unpack_frame(broker.get(keys.frame(run.pk, robot, size)))
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
