"""Headless runs of robots that are there: what did not happen is no datum, and a run goes on by looking."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iifl_server.experiments import simulation as module
from iifl_server.experiments.lockstep import Lockstep
from iifl_server.experiments.run_files import RunFiles
from iifl_server.experiments.simulation import Simulation, run_simulation, start
from iifl_server.learning.recipes import IMPLICIT, recipe
from policy import ImplicitPolicy
from policy.learning.dataset import Dataset
from policy.supervision.state import NOBODY
from robots import builtin
from robots.in_step import InStep
from robots.physical import Ended, MotionEnd, Presence
from robots.pretend import PretendFleet
from robots.task import Task
from robots.tasks.navigation.task import NavigationFleet

TASK = "maze_that_is_there"


@pytest.fixture
def fleets(monkeypatch: pytest.MonkeyPatch) -> list[PretendFleet]:
    """Every fleet that is made of the task, in order. Motions take no time."""
    made: list[PretendFleet] = []

    def make(robots: int, seed: int) -> PretendFleet:
        made.append(PretendFleet(NavigationFleet(robots, seed), motion_s=0.0, resets_itself=True))
        return made[-1]

    real = builtin.TASKS["navigation"]
    task = Task(
        name=TASK,
        defaults=real.defaults,
        fleet=make,
        supervisor=real.supervisor,
        demonstrations=real.fleet,
        physical=True,
        spaces=NavigationFleet(1, 0).spaces,
    )
    monkeypatch.setitem(builtin.TASKS, TASK, task)
    monkeypatch.setattr(module, "initial_policy", untrained)
    monkeypatch.setattr(module, "retraining", lambda task, seed: lambda policy, dataset, step: policy)
    monkeypatch.setattr(module, "LARGEST_SAVING_SHARE", math.inf)  # A save whenever one is due.
    return made


def untrained(task: str, algorithm: str) -> tuple[Any, float, Dataset]:
    """A policy that knows nothing and always asks; one sample."""
    policy = ImplicitPolicy(recipe(task).policy_config(IMPLICIT), seed=0)
    sample = np.zeros((1, 2), dtype=np.float32)
    return policy, 0.0, Dataset(sample, sample, np.array("demonstration"))


@pytest.fixture
def simulation() -> Simulation:
    return Simulation(TASK, "iifl", robots=3, supervisors=2, steps=12, seed=0)


@pytest.fixture
def lockstep(fleets: list[PretendFleet], simulation: Simulation) -> Lockstep:
    return start(simulation)


def teleoperated(run: Lockstep) -> int:
    return run.state.totals.teleoperation_actions


def test_it_is_the_simulated_run_where_nothing_befalls_anybody(lockstep: Lockstep) -> None:
    plain = start(Simulation(TASK, "iifl", robots=3, supervisors=2, steps=12, seed=0))
    assert isinstance(plain.fleet, InStep)
    plain.fleet = plain.fleet.fleet.inner
    for _ in range(12):
        lockstep.step()
        plain.step()
    assert lockstep.state.to_dict() == plain.state.to_dict()
    assert np.array_equal(lockstep.dataset.actions, plain.dataset.actions)
    assert len(lockstep.dataset) > 10


def test_a_robot_that_is_away_is_no_datum_and_takes_nobodys_time(
    lockstep: Lockstep, fleets: list[PretendFleet]
) -> None:
    lockstep.step()
    helped = np.flatnonzero(lockstep.state.supervisor != NOBODY).tolist()
    assert len(helped) == 2
    gone = helped[0]
    fleets[0].send_away(gone)
    samples = len(lockstep.dataset)
    for _ in range(3):
        lockstep.step()
        assert lockstep.state.supervisor[gone] == NOBODY
        assert (lockstep.state.supervisor != NOBODY).sum() == 2  # The others are helped meanwhile.
    assert len(lockstep.dataset) == samples + 6
    assert lockstep.state.totals.idle_robot_steps >= 3
    fleets[0].bring_back(gone)
    moved = len(fleets[0].carried_out)
    lockstep.step()
    assert gone in {motion.robot for motion in fleets[0].carried_out[moved:]}


def only(kind: Ended, told: Callable[[], list[MotionEnd]]) -> Callable[[], list[MotionEnd]]:
    """Ends of which those of robot 0 are of another kind."""
    return lambda: [MotionEnd(end.motion, kind, "lost") if end.motion.robot == 0 else end for end in told()]


@pytest.mark.parametrize("kind", [Ended.UNKNOWN, Ended.REFUSED, Ended.CUT])
def test_what_was_not_carried_out_to_its_end_is_no_datum(
    lockstep: Lockstep, fleets: list[PretendFleet], monkeypatch: pytest.MonkeyPatch, kind: Ended
) -> None:
    monkeypatch.setattr(fleets[0], "ended", only(kind, fleets[0].ended))
    for _ in range(6):
        before = len(lockstep.dataset)
        lockstep.step()
        helped = lockstep.state.supervisor != NOBODY
        assert len(lockstep.dataset) - before == helped[1:].sum()
        assert lockstep.state.executed[0] == 0


def test_data_are_what_was_executed(
    lockstep: Lockstep, fleets: list[PretendFleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = fleets[0].ended
    half = np.array([0.5, 0.25], dtype=np.float32)
    monkeypatch.setattr(
        fleets[0], "ended", lambda: [MotionEnd(end.motion, Ended.DONE, action=half) for end in told()]
    )
    lockstep.step()
    assert (lockstep.dataset.actions[1:] == half).all()


def stopped_at(step: int) -> Callable[[int, dict[str, float]], None]:
    def show(done: int, _row: dict[str, float]) -> None:
        if done == step:
            raise KeyboardInterrupt

    return show


def test_an_interrupted_run_keeps_supervision_data_and_counters_and_looks_at_the_robots(
    fleets: list[PretendFleet], simulation: Simulation, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_simulation(simulation, tmp_path, stopped_at(7))
    first = fleets[-1]
    assert {one.presence for one in first.conditions()} == {Presence.AWAY}  # It was let go of.
    saved = RunFiles(tmp_path).load(lambda: start(simulation))
    assert saved.state.step == 6  # Saved after every step; the seventh was interrupted before its save.
    assert len(saved.dataset) == 1 + teleoperated(saved)
    assert fleets[-1].carried_out == []  # Nothing is done again to get back to where the run was.
    assert np.array_equal(saved.fleet.observe(), NavigationFleet(3, 1_000_000).observe())

    rows: list[int] = []
    metrics = run_simulation(simulation, tmp_path, lambda step, _row: rows.append(step))
    assert rows == [7, 8, 9, 10, 11, 12]
    assert 6 * 2 <= len(fleets[-1].carried_out) <= 6 * 3
    assert metrics["teleoperation_actions"] >= teleoperated(saved)
    assert {one.presence for one in fleets[-1].conditions()} == {Presence.AWAY}
