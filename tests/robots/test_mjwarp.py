"""MuJoCo Warp beside MuJoCo: the same physics, blow-ups that show, and what a wrong choice is answered with.

It runs on the CPU here, and compiles its kernels at the first run: few robots, few steps.
"""

import logging
from pathlib import Path

import numpy as np
import pytest

from robots.backends import engines, mjwarp
from robots.fleet import FleetError
from robots.registry import make_fleet

compiles = pytest.mark.timeout(900)  # At the first run, kernels are compiled.
needs_mjwarp = pytest.mark.skipif(mjwarp.missing() is not None, reason=str(mjwarp.missing()))
ALL = np.ones(2, dtype=np.bool_)


def still(fleet) -> np.ndarray:
    return np.zeros((fleet.size, fleet.spaces.action_size), dtype=np.float32)


@needs_mjwarp
@pytest.mark.slow(30)
@compiles
@pytest.mark.parametrize("task", ["ant", "anymal", "ball_balance", "franka_cube_stack"])
def test_both_engines_see_and_reward_the_same(task: str) -> None:
    fleets = [make_fleet(task, 2, 0, backend) for backend in engines.NAMES]
    generator = np.random.default_rng(0)
    for _ in range(5):
        plain, warp = (fleet.observe() for fleet in fleets)
        assert np.allclose(plain, warp, rtol=1e-2, atol=1e-2)
        actions = generator.uniform(-0.5, 0.5, (2, fleets[0].spaces.action_size)).astype(np.float32)
        expected, found = (fleet.act(actions, ALL) for fleet in fleets)
        assert np.allclose(expected.reward, found.reward, atol=2e-2)
        assert np.array_equal(expected.violation, found.violation)


@needs_mjwarp
@pytest.mark.slow(30)
@compiles
def test_thighs_on_the_ground_are_noticed_in_the_same_step() -> None:
    """The sensors that find contacts must tell of the state after a step, not of the last substep's start."""
    fleets = [make_fleet("anymal", 2, 0, backend) for backend in engines.NAMES]
    for fleet in fleets:
        fleet._simulations.positions[:, 2] = 0.3  # Bent, and low: they fall on their knees.
        fleet._simulations.positions[1, 3:7] = [0.0, 1.0, 0.0, 0.0]
    for _ in range(12):
        expected, found = (fleet.act(still(fleet), ALL).violation for fleet in fleets)
        assert np.array_equal(expected, found)
    assert found[1]


@needs_mjwarp
@pytest.mark.slow(30)
@compiles
@pytest.mark.parametrize("value", [np.nan, 1e12])
def test_a_robot_that_blew_up_waits_alone_for_its_hard_reset(value: float, caplog) -> None:
    fleet, calm = (make_fleet("ant", 2, 0, "mjwarp") for _ in range(2))
    fleet._simulations.speeds[1, -1] = value
    with caplog.at_level(logging.WARNING):
        result = fleet.act(still(fleet), ALL)
    calm.act(still(calm), ALL)
    assert result.violation.tolist() == [False, True]
    assert result.reward[1] == 0
    assert "robot 1 blew up" in caplog.text
    assert np.isfinite(fleet.observe()).all()
    assert np.array_equal(fleet.observe()[0], calm.observe()[0]), "the other one must not notice"
    fleet.reset([1])
    assert fleet.act(still(fleet), ALL).violation.tolist() == [False, True]
    fleet.hard_reset([1])
    assert not fleet.act(still(fleet), ALL).violation.any()


@needs_mjwarp
@pytest.mark.slow(30)
@compiles
def test_snapshots_of_another_engine_are_refused_by_name() -> None:
    plain, warp = (make_fleet("ant", 2, 0, backend) for backend in engines.NAMES)
    with pytest.raises(FleetError, match=r"'ant/\d+', but 'ant on mjwarp/\d+' is needed"):
        warp.restore(plain.snapshot())
    with pytest.raises(FleetError, match=r"'ant on mjwarp/\d+', but 'ant/\d+' is needed"):
        plain.restore(warp.snapshot())


@needs_mjwarp
def test_devices_and_fields_that_are_not_there_are_named() -> None:
    model = make_fleet("ant", 1, 0)._simulations.model
    with pytest.raises(FleetError, match=r"'cuda:99'.*valid are .*cpu"):
        mjwarp.WarpSimulations(model, 1, device="cuda:99")
    with pytest.raises(FleetError, match=r"'energy'; valid are .*sensordata"):
        mjwarp.WarpSimulations(model, 1, ["energy"])


def test_without_the_package_the_mend_is_told(monkeypatch) -> None:
    monkeypatch.setattr(mjwarp.importlib.util, "find_spec", lambda name: None)
    mjwarp._load.cache_clear()
    with pytest.raises(FleetError, match=r"warp and mujoco_warp.*requirements-gpu\.txt"):
        make_fleet("ant", 1, 0, "mjwarp")


@pytest.mark.parametrize(("task", "valid"), [("ant", "mujoco, mjwarp"), ("navigation", "cells")])
@pytest.mark.parametrize("backend", ["chess", "", "Mujoco"])
def test_a_backend_that_a_task_does_not_have_is_refused(task: str, valid: str, backend: str) -> None:
    with pytest.raises(FleetError, match=f"{task} has no backend {backend!r}; valid are: {valid}"):
        make_fleet(task, 1, 0, backend)


def test_the_tests_install_what_the_backend_asks_for() -> None:
    """The launcher compares each requirements file alone, so that one cannot include the other."""
    root = Path(__file__).parents[2]
    wanted = {line for line in (root / "requirements-gpu.txt").read_text().splitlines() if "==" in line}
    assert wanted <= set((root / "requirements-dev.txt").read_text().splitlines())
