"""What a remote fleet promises whoever drives it, on one scripted arm that stays well."""

import time

import numpy as np
import pytest
from remote_house import House, Pushes, until

from robots.fleet import FleetError
from robots.physical import Ended, Motion, PhysicalFleet, Presence
from robots.remote.fleet import RemoteFleet


@pytest.fixture(scope="module")
def arms(tmp_path_factory):
    built = House(tmp_path_factory.mktemp("fleet") / "house", 2)
    built.ready()
    yield built
    built.close()


def test_it_is_a_physical_fleet(arms):
    fleet: PhysicalFleet = arms.fleet
    promised = {**PhysicalFleet.__annotations__, **vars(PhysicalFleet)}
    for name in promised:
        assert name.startswith("_") or hasattr(fleet, name), name
    assert (fleet.task, fleet.size, fleet.episode_length) == ("pushes", 2, 10)


def test_it_observes_and_shows_fresh_pictures(arms):
    arms.ready()
    observed = arms.fleet.observe()
    assert observed.shape == (2, 3)
    assert observed.dtype == np.float32
    assert (observed > 0).all()
    frames = arms.fleet.frames([1, 0])
    assert [frame.image.shape for frame in frames] == [(480, 640, 3)] * 2
    assert all(abs(frame.captured_at - time.time()) < 30.0 for frame in frames)


@pytest.mark.parametrize(
    ("motions", "says"),
    [
        ([Motion("a", 2, np.zeros(2, np.float32), 1.0)], "no robot 2"),
        ([Motion("a", 0, np.zeros(3, np.float32), 1.0)], "shape"),
        ([Motion("a", 0, np.array([np.nan, 0], np.float32), 1.0)], "finite"),
        ([Motion("", 0, np.zeros(2, np.float32), 1.0)], "id"),
        ([Motion("a", 0, np.zeros(2, np.float32), -1.0)], "within_s"),
        (
            [Motion("a", 0, np.zeros(2, np.float32), 1.0), Motion("b", 0, np.zeros(2, np.float32), 1.0)],
            "twice",
        ),
        (
            [Motion("a", 0, np.zeros(2, np.float32), 1.0), Motion("a", 1, np.zeros(2, np.float32), 1.0)],
            "every motion has its own",
        ),
    ],
)
def test_senseless_motions_are_refused_whole_and_nothing_moves(arms, motions, says):
    before = [len(arms.log(robot, "move")) for robot in (0, 1)]
    with pytest.raises(FleetError, match=says):
        arms.fleet.begin(motions)
    assert [len(arms.log(robot, "move")) for robot in (0, 1)] == before


def test_an_id_is_for_one_motion(arms):
    arms.ready()
    motion = arms.push()[0]
    with pytest.raises(FleetError, match="used before"):
        arms.fleet.begin([motion])
    arms.end(motion)


def test_both_move_at_the_same_time_and_a_moving_one_takes_no_other(arms):
    arms.ready()
    motions = arms.push(0, 1)
    assert arms.presence(0) is not Presence.READY
    second = arms.push(0)[0]
    assert arms.end(second).ended is Ended.REFUSED
    assert [arms.end(motion).ended for motion in motions] == [Ended.DONE, Ended.DONE]


def test_an_action_beyond_one_is_clipped_and_said_so(arms):
    arms.ready()
    motion = Motion("clipped", 0, np.array([3.0, -0.5], np.float32), 20.0)
    arms.ordered[motion.id] = (
        Motion("", 0, np.array([1.0, -0.5], np.float32), 20.0),
        time.monotonic() + 20.0,
    )
    arms.fleet.begin([motion])
    end = arms.end(motion)
    assert end.ended is Ended.DONE
    np.testing.assert_array_equal(end.action, [1.0, -0.5])


def test_an_order_that_expired_is_refused(arms):
    arms.ready()
    assert arms.end(arms.push(within_s=0.0)[0]).ended is Ended.REFUSED


def test_one_is_stopped_while_the_other_goes_on(arms):
    arms.ready()
    arms.fleet.stop("this one", [0])
    assert (arms.presence(0), arms.presence(1)) == (Presence.STOPPED, Presence.READY)
    assert arms.end(arms.push(1)[0]).ended is Ended.DONE
    refused = arms.end(arms.push(0)[0])
    assert refused.ended is Ended.REFUSED
    assert "this one" in refused.detail
    arms.fleet.release([0])
    arms.ready()


def test_resets_ask_the_task_and_hard_resets_the_camera(arms):
    arms.ready()
    goals = [task.goals for task in arms.tasks]
    arms.fleet.reset([1])
    assert [task.goals for task in arms.tasks] == [goals[0], goals[1] + 1]
    assert arms.fleet.hard_reset([0, 1]) == {}
    arms.tasks[1].put_right_says = "the block is not on the table"
    assert arms.fleet.hard_reset([0, 1]) == {1: "the block is not on the table"}
    arms.tasks[1].put_right_says = ""


def test_methods_return_at_once_while_nobody_is_there(tmp_path):
    empty = House(tmp_path / "house", 2)
    empty.fleet.close()
    empty.loopback.close()
    began = time.monotonic()
    fleet = empty.fleet = empty.new_fleet()
    fleet.stop("nobody there")
    assert [condition.presence for condition in fleet.conditions()] == [Presence.STOPPED] * 2
    fleet.release()
    assert (fleet.observe() == 0).all()
    assert [frame.anchor for frame in fleet.frames([0, 1])] == [None, None]
    assert set(fleet.hard_reset([0, 1])) == {0, 1}
    fleet.reset([0])
    motion = empty.push(0)[0]
    assert time.monotonic() - began < 10.0
    assert empty.end(motion).ended is Ended.REFUSED
    until(lambda: "cannot be reached" in fleet.conditions()[0].reason, "told")
    fleet.close()


def test_fleets_that_make_no_sense_are_refused(arms):
    places = arms.places()
    with pytest.raises(FleetError, match="give one arm or more"):
        RemoteFleet([], [])
    with pytest.raises(FleetError, match="a task"):
        RemoteFleet(places, [Pushes()])
    with pytest.raises(FleetError, match="name one twice"):
        RemoteFleet([places[0], places[0]], [Pushes(), Pushes()])
    other = Pushes()
    other.name = "other"
    with pytest.raises(FleetError, match="differ"):
        RemoteFleet(places, [Pushes(), other])
