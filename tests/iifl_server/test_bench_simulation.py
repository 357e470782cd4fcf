"""`./iifl bench simulation`: what is compared does the same, and the figures are those that are promised."""

import json
from dataclasses import replace

import numpy as np
import pytest

from iifl_server.bench import plain_push, simulation
from iifl_server.bench.common import Options
from iifl_server.bench.plain_mujoco import PLAIN_MUJOCO
from iifl_server.bench.plain_robots import PlainNavigation
from iifl_server.bench.simulation import Times, record, run_physics, run_plain, run_pushes
from robots.backends.mujoco_fleet import MujocoFleet
from robots.registry import make_fleet, task_names

SMALL = Options(scale="smoke", repeats=1, threads=1)


@pytest.mark.parametrize("task", [*PLAIN_MUJOCO, "navigation"])
def test_a_plain_robot_does_what_a_robot_of_the_fleet_does(task: str) -> None:
    fleet = make_fleet(task, 4, 3)
    recorded = record(fleet, 40, 0)
    times = Times()
    run_plain(fleet, recorded, times)
    assert set(times.shortest["plain"]) == set(range(40))


@pytest.mark.parametrize(
    ("task", "height", "axis"), [("ant", 0.1, 2), ("anymal", 0.2, 2), ("ball_balance", 0.1, 15)]
)
def test_a_plain_robot_breaks_its_constraint_when_the_fleets_does(
    task: str, height: float, axis: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "WARM_UP", 0)
    fleet = make_fleet(task, 4, 3)
    assert isinstance(fleet, MujocoFleet)
    fleet._simulations.positions[1, axis] = height
    recorded = record(fleet, 1, 0)
    assert recorded[0].violations.tolist() == [False, True, False, False]
    run_plain(fleet, recorded, Times())


def test_a_plain_robot_keeps_on_by_itself() -> None:
    fleet, robot = make_fleet("navigation", 1, 0), PlainNavigation()
    active = np.ones(1, dtype=np.bool_)
    for _ in range(20):
        action = np.array([[1.0, 0.4]], dtype=np.float32)
        result, outcome = fleet.act(action, active), robot.step(action[0])
        assert outcome.observation.tolist() == fleet.observe()[0].tolist()
        assert outcome.violation == result.violation[0]
    assert outcome.violation
    with pytest.raises(ValueError, match="finite"):
        robot.step(np.array([np.nan, 0.0], dtype=np.float32))


@pytest.mark.parametrize("change", ["observations", "rewards", "violations"])
def test_a_plain_loop_that_does_something_else_is_no_measurement(change: str) -> None:
    fleet = make_fleet("navigation", 2, 0)
    (step,) = record(fleet, 1, 0)
    wrong = getattr(step, change) != 1 if change == "violations" else getattr(step, change) + 1
    with pytest.raises(AssertionError, match=f"other {change}"):
        run_plain(fleet, [replace(step, **{change: wrong})], Times())


def test_physics_that_go_elsewhere_are_no_measurement() -> None:
    fleet = make_fleet("ant", 2, 0)
    assert isinstance(fleet, MujocoFleet)
    recorded = record(fleet, 2, 0)
    run_physics(fleet, PLAIN_MUJOCO["ant"].substeps, recorded, Times(), exact=True)
    with pytest.raises(AssertionError, match="elsewhere"):
        run_physics(fleet, 1, recorded, Times(), exact=True)


def test_bare_pushes_leave_the_cubes_where_the_fleet_does(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = make_fleet("block_push", 4, 0)
    recorded = record(fleet, 3, 0)
    run_pushes(recorded, Times())
    monkeypatch.setattr(plain_push, "substeps_of", lambda *_: 5)
    with pytest.raises(AssertionError, match="elsewhere"):
        run_pushes(recorded, Times())


def test_the_shortest_time_of_every_step_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 3.0, 10.0, 11.0, 20.0, 22.0, 30.0, 37.0])
    monkeypatch.setattr(simulation.time, "perf_counter", lambda: next(clock))
    times = Times()
    for step in (0, 1, 0, 1):
        assert times.take("x", step, max, 1, 2) == 2
    assert times.mean("x") == (2.0 + 1.0) / 2


def test_the_figures_of_a_small_run_have_the_promised_names() -> None:
    lines: list[str] = []
    figures = simulation.run(SMALL, lines.append)
    tasks = set(task_names()) - {"yumi_push"}  # It pushes as block_push does.
    assert set(figures) == {"machine", *tasks}
    for task in tasks:
        row = figures[task]
        assert row["robot_steps_per_s"] > 0
        if task != "navigation":
            share = row["robot_steps_per_s"] / row["physics_robot_steps_per_s"]
            assert row["share_of_physics"] == pytest.approx(share)
        if task != "block_push":
            for kind, name in (("plain", "times_plain"), ("environment", "times_environments")):
                ratio = row["robot_steps_per_s"] / row[f"{kind}_robot_steps_per_s"]
                assert row[name] == pytest.approx(ratio)
        assert list(row["sweep"]) == ["1", "10", "5 of 10"]
    assert any("times a plain loop" in line for line in lines)
    json.dumps(figures)
