"""The fleet behind the pipe when its worker fails: it says how, never hangs, and leaves no process."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from isaacgym_stand_in.fleet import EPISODE_LENGTH, cart_fleet

from robots.backends.isaacgym import fleet as module
from robots.fleet import FleetError
from robots.registry import make_fleet

ALL = np.ones(3, dtype=np.bool_)
STILL = np.zeros((3, 2), dtype=np.float32)


def gone(process: int, within_s: float = 10.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not psutil.pid_exists(process) or psutil.Process(process).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("dies", r"ended by itself \(exit code 9\).*out of memory on the GPU"),
        ("hangs", r"no answer to 'step' within 2 s"),
        ("raises", r"answered 'step' with: RuntimeError: PhysX is unwell"),
    ],
)
def test_a_worker_that_fails_in_a_step_ends_the_fleet_with_a_reason(fault: str, told: str) -> None:
    fleet = cart_fleet(fault=fault, answering_s=2.0)
    begun = time.monotonic()
    with pytest.raises(FleetError, match=f"(?s){told}"):
        fleet.act(STILL, ALL)
    assert time.monotonic() - begun < 15
    assert gone(fleet.process_id)
    with pytest.raises(FleetError, match="Make the fleet anew"):
        fleet.act(STILL, ALL)
    fleet.close()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("garbage", 'broke the protocol: expected a frame, but got b"Importing module'),
        ("flood", "broke the protocol: a frame of 10"),
        ("old", "the fleet speaks version 1, this worker 0"),
        ("other shape", "has observation_size 3, but 4 is needed"),
    ],
)
def test_a_worker_that_does_not_speak_as_agreed_is_refused_at_the_start(fault: str, told: str) -> None:
    with pytest.raises(FleetError, match=told):
        cart_fleet(fault=fault)


def test_a_worker_killed_between_two_steps_is_noticed() -> None:
    fleet = cart_fleet()
    fleet.act(STILL, ALL)
    os.kill(fleet.process_id, signal.SIGKILL)
    with pytest.raises(FleetError, match=r"ended by itself \(exit code -9\)"):
        fleet.act(STILL, ALL)


def test_an_interpreter_that_is_not_there_is_named(monkeypatch) -> None:
    monkeypatch.delenv(module.PYTHON, raising=False)
    with pytest.raises(FleetError, match="needs IIFL_ISAACGYM_PYTHON"):
        make_fleet("ant", 2, 0, "isaacgym")
    monkeypatch.setenv(module.PYTHON, "/nowhere/python3.8")
    with pytest.raises(FleetError, match=r"/nowhere/python3.8: No such file.*IIFL_ISAACGYM_PYTHON"):
        make_fleet("ant", 2, 0, "isaacgym")


def test_the_real_worker_says_that_isaac_gym_is_not_there(monkeypatch) -> None:
    monkeypatch.setenv(module.PYTHON, sys.executable)
    with pytest.raises(FleetError, match="No module named 'isaacgym"):
        make_fleet("ant", 2, 0, "isaacgym")


def test_what_libraries_print_does_not_reach_the_pipe() -> None:
    fleet = cart_fleet(fault="prints")
    assert not fleet.act(STILL, ALL).violation.any()
    fleet.close()


def test_a_robot_with_numbers_that_are_not_finite_waits_alone(caplog) -> None:
    fleet, calm = cart_fleet(fault="nan"), cart_fleet()
    wild = STILL.copy()
    wild[1, 0] = 1.0
    with caplog.at_level(logging.WARNING):
        result = fleet.act(wild, ALL)
    calm.act(STILL, ALL)
    assert result.violation.tolist() == [False, True, False]
    assert result.reward[1] == 0
    assert "robot 1 blew up" in caplog.text
    assert np.isfinite(fleet.observe()).all()
    assert np.array_equal(fleet.observe()[[0, 2]], calm.observe()[[0, 2]])
    before = fleet.observe()[1]
    fleet.reset([1])
    assert fleet.act(STILL, ALL).violation.tolist() == [False, True, False]
    assert np.array_equal(fleet.observe()[1], before), "it waits where it is"
    fleet.hard_reset([1])
    assert not fleet.act(STILL, ALL).violation.any()


def test_episodes_time_out_and_edges_are_violations() -> None:
    fleet = cart_fleet()
    push = STILL.copy()
    push[0, 0] = 1.0
    results = [fleet.act(push, ALL) for _ in range(EPISODE_LENGTH)]
    assert results[-1].violation.tolist() == [True, False, False]
    assert results[-1].done.tolist() == [False, True, True]
    assert not results[-2].done.any()
    assert not results[-1].success.any(), "no return was given that would be a success"


def test_closing_ends_the_worker_and_the_fleet() -> None:
    fleet = cart_fleet()
    fleet.close()
    fleet.close()
    assert gone(fleet.process_id)
    with pytest.raises(FleetError, match="The fleet is closed"):
        fleet.snapshot()


@pytest.mark.parametrize("fault", ["", "hangs"])
def test_no_worker_outlives_its_parent(fault: str) -> None:
    code = (
        "import sys, time, threading; import numpy as np; from isaacgym_stand_in.fleet import cart_fleet\n"
        f"fleet = cart_fleet(fault={fault!r}); print(fleet.process_id, flush=True)\n"
        "fleet.act(np.zeros((3, 2), np.float32), np.ones(3, bool)); time.sleep(600)"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{Path(__file__).parent}"}
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)
    worker = int(parent.stdout.readline())
    time.sleep(0.3)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(worker)
