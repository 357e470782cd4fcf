"""A whole site of simulated YuMis, reached as real ones are: it keeps what every physical fleet promises."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from robots.conformance import PhysicalFleetConformance, PhysicalKind
from robots.physical import Ended, Motion, Presence
from robots.remote.chunks import read_record
from robots.remote.replay import Judged, ReplayFleet, judged_again
from robots.remote.settings import SettingsError
from robots.tasks.block_push.geometry import on_ring
from robots.yumi.driver import PushingFleet, open_fleet, open_recording, recorded_tasks
from robots.yumi.tasks import PUSH
from robots.yumi.twin.site import Site

pytestmark = pytest.mark.slow(4)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One robot of two arms, ten times as fast as a real one; nobody puts cubes back unasked."""
    site = Site(tmp_path_factory.mktemp("site"), factor=10.0, stations=1, hands_after_s=1e9)
    try:
        yield site
    finally:
        site.close()


def lay_free(site: Site) -> None:
    """Both cubes where every small push has room."""
    station = site.stations[0]
    for number, side in enumerate(station.worlds):
        x, y = on_ring(0.4 + number).tolist()
        _until(lambda side=side, x=x, y=y: _laid(site, side, x, y))  # type: ignore[misc]


def _laid(site: Site, side: str, x: float, y: float) -> bool:
    try:
        site.stations[0].hands(side, x, y, 0.3)
    except Exception:
        return False
    return True


def _until(happened: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class TestYumiTwins(PhysicalFleetConformance):
    @pytest.fixture
    def kind(self, site: Site) -> PhysicalKind:
        def make(robots: int, seed: int) -> PushingFleet:
            lay_free(site)
            fleet = open_fleet(site.file)
            fleet.release()
            return fleet

        return PhysicalKind(PUSH, make, robots=2, action=0.15)


def ready(fleet: PushingFleet) -> None:
    fleet.release()
    _until(lambda: all(one.presence is Presence.READY for one in fleet.conditions()))


def test_what_happened_is_recorded_and_judged_alike_when_it_is_read_again(site: Site, tmp_path: Path) -> None:
    lay_free(site)
    folder = tmp_path / "recording"
    fleet = open_fleet(site.file, folder)
    try:
        ready(fleet)
        before = fleet.poses()
        draws, ended = np.random.default_rng(0), []
        while len(ended) < 6:
            for robot, one in enumerate(fleet.conditions()):
                if one.presence is Presence.READY:
                    action = draws.uniform(-0.4, 0.4, 2).astype(np.float32)
                    fleet.begin([Motion(str(uuid4()), robot, action, 2.0)])
            ended += [end for end in fleet.ended() if end.ended is Ended.DONE]
            time.sleep(0.05)
        assert np.abs(fleet.poses() - before).max() > 0.005
        fleet.frames([0, 1])
    finally:
        fleet.close()
    recorded = [event.fields["motion"] for event in read_record(folder) if event.kind == "motion"]
    assert {end.motion.id for end in ended} <= set(recorded)
    again = [one for one in judged_again(folder, recorded_tasks(folder)) if isinstance(one, Judged)]
    assert len(again) >= len(ended) - 2
    assert all(one.then.violation == one.now.violation for one in again if one.then.confidence > 0.9)


def test_a_recording_is_shown_in_its_time_and_takes_no_orders(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    fleet = open_fleet(site.file, folder)
    try:
        ready(fleet)
        _until(lambda: bool(fleet.observe().any()))
        fleet.frames([0, 1])
    finally:
        fleet.close()
    now = [time.time()]
    shown = ReplayFleet(folder, recorded_tasks(folder), clock=lambda: now[0])
    assert [one.presence for one in shown.conditions()] == [Presence.AWAY] * 2
    now[0] += 60.0
    assert "ended" in shown.conditions()[0].reason
    assert shown.observe().any()
    assert all(frame.captured_at is not None and frame.anchor is not None for frame in shown.frames([0, 1]))
    shown.begin([Motion("one", 0, np.zeros(2, np.float32), 1.0)])
    assert [end.ended for end in shown.ended()] == [Ended.REFUSED]
    assert open_recording(folder).names == ["yumi1-left", "yumi1-right"]


def test_a_robot_whose_cube_nobody_has_put_back_stays_out(site: Site) -> None:
    lay_free(site)
    fleet = open_fleet(site.file)
    try:
        ready(fleet)
        site.stations[0].hands("left", 0.0715, 0.0, 0.0)  # At the obstacle.
        _until(lambda: bool(abs(fleet.poses()[0, 0] - 0.0715) < 0.003))
        assert "obstacle" in fleet.hard_reset([0])[0]
        site.stations[0].hands("left", 0.125, 0.0, 0.0)
        _until(lambda: bool(abs(fleet.poses()[0, 0] - 0.125) < 0.003))
        assert fleet.hard_reset([0]) == {}
    finally:
        fleet.close()


def test_a_fleet_file_of_another_task_is_refused_before_anything_is_connected(
    site: Site, tmp_path: Path
) -> None:
    file = site.file.with_name("other.toml")
    file.write_text(site.file.read_text().replace(PUSH, "juggling"))
    with pytest.raises(SettingsError, match=r"task is 'juggling'; valid are yumi_push"):
        open_fleet(file)
