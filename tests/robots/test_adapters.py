"""Robots from elsewhere: fleets of one's own, Gymnasium's environments as fleets, tasks as environments."""

import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv, VectorWrapper

from robots.fleet import Fleet, FleetError, Spaces
from robots.gymnasium_env import TaskEnv
from robots.gymnasium_fleet import VectorEnvFleet
from robots.own_fleet import Moved, OwnFleet
from robots.registry import make_fleet, make_supervisors, task_names
from robots.tasks.navigation.task import NavigationFleet

GUIDE = Path(__file__).parents[2] / "docs" / "bring-your-own-robot.md"
ROOT = GUIDE.parents[1]


class Counter(gymnasium.Env):
    """Adds its action, 0 to 4, to a random start; ends at 12, truncates after 6 steps."""

    metadata = {"render_modes": ["rgb_array"]}
    observation_space = Box(-100, 100, (2,), np.float64)
    action_space = Box(0.0, 4.0, (1,), np.float32)

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.total, self.steps = float(self.np_random.uniform()), 0
        return np.array([self.total, 0.0]), {"began": True}

    def step(self, action):
        self.total += float(action[0])
        self.steps += 1
        over = self.total > 12
        info = {"crashed": over and self.total > 13, "deep": {"steps": self.steps}}
        return np.array([self.total, self.steps]), float(action[0]), over, self.steps >= 6, info

    def render(self):
        return np.full((100, 50, 3), 200, dtype=np.uint8)


def counters(
    robots: int, kind: type = SyncVectorEnv, mode: AutoresetMode = AutoresetMode.NEXT_STEP, **options
) -> VectorEnv:
    return kind([lambda: Counter(**options)] * robots, autoreset_mode=mode)


@contextmanager
def counter_fleet(robots: int = 3, seed: int = 0, env: VectorEnv | None = None) -> Iterator[VectorEnvFleet]:
    env = counters(robots) if env is None else env
    yield VectorEnvFleet(
        env,
        "counter",
        6,
        seed,
        violation=lambda step: bool(step.info["crashed"]),
        success=lambda step: step.terminated and step.info["deep"]["steps"] < 6,
    )
    env.close()


def everyone(fleet: Fleet) -> np.ndarray:
    return np.ones(fleet.size, dtype=np.bool_)


def record(fleet: Fleet, steps: int) -> list[np.ndarray]:
    """A run as the supervision loop would drive it: hard resets come two steps late."""
    rng, seen, waiting = np.random.default_rng(0), [], np.zeros(fleet.size, dtype=np.int64)
    for _ in range(steps):
        actions = rng.uniform(-1, 1, (fleet.size, fleet.spaces.action_size)).astype(np.float32)
        result = fleet.act(actions, waiting == 0)
        waiting = np.where(result.violation, 2, np.maximum(waiting - 1, 0))
        seen += [fleet.observe(), result.reward, result.done, result.violation, result.success]
        fleet.reset(np.flatnonzero(result.done).tolist())
        fleet.hard_reset(np.flatnonzero(waiting == 1).tolist())
        waiting[waiting == 1] = 0
    return seen


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_actions_are_mapped_onto_the_environments_bounds() -> None:
    with counter_fleet() as fleet:
        before = fleet.observe()
        assert before.dtype == np.float32
        result = fleet.act(np.array([[-1], [0], [1]], dtype=np.float32), everyone(fleet))
        assert np.allclose(fleet.observe()[:, 0] - before[:, 0], [0, 2, 4], atol=1e-5)
        assert result.reward.tolist() == [0, 2, 4]


@pytest.mark.parametrize("mode", AutoresetMode)
@pytest.mark.parametrize("kind", [SyncVectorEnv, AsyncVectorEnv, "wrapped"])
def test_every_autoreset_mode_gives_the_same_run(mode: AutoresetMode, kind: type | str) -> None:
    with counter_fleet() as reference:
        expected = record(reference, 40)
    assert sum(flags.sum() for flags in expected[2::5]) > 5  # Ends,
    assert sum(flags.sum() for flags in expected[3::5]) > 2  # violations
    assert sum(flags.sum() for flags in expected[4::5]) > 0  # and successes all come up.
    env = VectorWrapper(counters(3, mode=mode)) if kind == "wrapped" else counters(3, kind, mode)
    with counter_fleet(env=env) as fleet:
        assert same(record(fleet, 40), expected)


def test_a_robot_is_the_same_in_a_fleet_of_any_size() -> None:
    with counter_fleet(2) as small, counter_fleet(5) as large:
        assert np.array_equal(small.observe(), large.observe()[:2])
        for _ in range(8):
            for fleet in (small, large):
                result = fleet.act(np.full((fleet.size, 1), 0.5, dtype=np.float32), everyone(fleet))
                fleet.reset(np.flatnonzero(result.done).tolist())
            assert np.array_equal(small.observe(), large.observe()[:2])


@pytest.mark.parametrize("mode", AutoresetMode)
def test_a_robot_that_ended_stands_still_until_its_reset(mode: AutoresetMode) -> None:
    with counter_fleet(2, env=counters(2, mode=mode)) as fleet:
        quiet, full = np.array([[-1], [0.75]], dtype=np.float32), np.ones((2, 1), dtype=np.float32)
        for _ in range(3):
            last = fleet.act(quiet, everyone(fleet))
        assert not last.violation.any()
        crashed = fleet.act(full, everyone(fleet))
        assert crashed.violation.tolist() == [False, True]
        assert not crashed.done.any()
        final = fleet.observe()[1]
        assert final[0] > 13
        fleet.reset([1])  # Only a hard reset helps.
        again = fleet.act(quiet, everyone(fleet))
        assert again.violation.tolist() == [False, True]
        assert again.reward[1] == 0
        assert np.array_equal(fleet.observe()[1], final)
        fleet.hard_reset([1])
        assert fleet.observe()[1, 0] < 1
        timed_out = fleet.act(quiet, everyone(fleet))
        assert timed_out.done.tolist() == [True, False]
        assert not timed_out.success.any()
        assert fleet.observe()[0, 1] == 6
        assert fleet.act(quiet, everyone(fleet)).done[0]


def test_robots_hold_still_one_by_one() -> None:
    with counter_fleet() as fleet:
        before = fleet.observe()
        actions = np.array([[1], [np.nan], [1]], dtype=np.float32)
        fleet.act(actions, np.array([True, False, True]))
        moved = (fleet.observe() != before).any(axis=1)
        assert moved.tolist() == [True, False, True]


def test_where_they_cannot_hold_still_nobody_moves() -> None:
    with counter_fleet(env=counters(3, AsyncVectorEnv)) as fleet:
        before = fleet.observe()
        with pytest.raises(FleetError, match=r"robots \[1\] cannot hold still"):
            fleet.act(np.ones((3, 1), dtype=np.float32), np.array([True, False, True]))
        assert np.array_equal(fleet.observe(), before)
        fleet.act(np.ones((3, 1), dtype=np.float32), np.zeros(3, dtype=np.bool_))
        assert np.array_equal(fleet.observe(), before)


class Unmasked(VectorEnv):
    """Resets by itself and all at once."""

    single_observation_space = Box(-1, 1, (2,), np.float32)
    single_action_space = Box(-1, 1, (1,), np.float32)
    num_envs = 2


def refused(**changes: object) -> VectorEnv:
    env = Unmasked()
    env.metadata = {"autoreset_mode": AutoresetMode.DISABLED}
    for name, value in changes.items():
        setattr(env, name, value)
    return env


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metadata": {"autoreset_mode": AutoresetMode.NEXT_STEP}}, "cannot reset single robots"),
        ({"metadata": {"autoreset_mode": AutoresetMode.SAME_STEP}}, "cannot reset single robots"),
        ({"metadata": {}}, "autoreset mode is None"),
        ({"metadata": {"autoreset_mode": "NextStep"}}, "autoreset mode is 'NextStep'"),
        ({"single_action_space": Discrete(3)}, "actions are Discrete"),
        ({"single_action_space": Box(-np.inf, 1, (1,))}, "finite bounds"),
        ({"single_observation_space": Discrete(3)}, "observations are Discrete"),
        ({"single_observation_space": Box(0, 1, (2, 2))}, "observations are"),
        ({"num_envs": 1001}, "1 to 1000"),
    ],
)
def test_environments_that_do_not_fit_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(FleetError, match=re.escape(words)):
        VectorEnvFleet(refused(**changes), "unfit", 10, 0)


def test_rendered_images_fit_into_a_frame() -> None:
    with counter_fleet(env=counters(2, render_mode="rgb_array")) as fleet:
        frame = fleet.frames([1])[0]
        assert frame.image.shape == (480, 640, 3)
        assert frame.anchor is None
        assert (frame.image == 200).all(axis=2).sum() == 480 * 240  # As high as the frame, half as wide.
    with counter_fleet(env=counters(2)) as fleet:
        notice = fleet.frames([0])[0].image
        assert notice.shape == (480, 640, 3)
        assert len(np.unique(notice)) > 2


def task_vector(task: str, robots: int) -> SyncVectorEnv:
    return SyncVectorEnv([lambda: gymnasium.make(f"iifl/{task}-v0", disable_env_checker=True)] * robots)


@pytest.mark.parametrize("task", ["navigation", "block_push"])
def test_environments_that_give_snapshots_make_a_fleet_that_does(task: str, tmp_path: Path) -> None:
    def fleet_of(seed: int) -> VectorEnvFleet:
        return VectorEnvFleet(
            task_vector(task, 2), task, 50, seed, violation=lambda step: bool(step.info["violation"])
        )

    fleet, other = fleet_of(0), fleet_of(1)
    record(fleet, 8)
    np.savez(tmp_path / "fleet.npz", **fleet.snapshot())
    expected = record(fleet, 12)
    with np.load(tmp_path / "fleet.npz", allow_pickle=False) as stored:
        other.restore(dict(stored))
    assert same(record(other, 12), expected)
    with pytest.raises(FleetError, match="snapshot"):
        other.restore(make_fleet(task, 2, 0).snapshot())


def test_a_snapshot_that_one_environment_refuses_restores_none() -> None:
    fleet = VectorEnvFleet(task_vector("navigation", 2), "navigation", 100, 2**70)
    record(fleet, 4)
    before = dict(fleet.snapshot())
    later = before | {"robot 0/cells": np.array([[3.0, 3.0]]), "robot 1/cells": np.array([[7.0, 6.0]])}
    with pytest.raises(FleetError, match="not all of its cells are free"):
        fleet.restore(later)
    assert all(np.array_equal(array, before[name]) for name, array in fleet.snapshot().items())


@pytest.mark.parametrize(
    ("env", "words"),
    [
        (lambda: counters(2), "Counter has no snapshot"),
        (lambda: counters(2, AsyncVectorEnv), "only a SyncVectorEnv"),
        (lambda: SyncVectorEnv([lambda: gymnasium.wrappers.TimeLimit(Counter(), 3)]), "TimeLimit"),
    ],
)
def test_without_snapshots_of_its_environments_a_fleet_says_so(
    env: Callable[[], VectorEnv], words: str
) -> None:
    with counter_fleet(env=env()) as fleet:
        for call in (fleet.snapshot, lambda: fleet.restore({})):
            with pytest.raises(FleetError, match=f"no snapshot: .*{words}.*cannot be stored"):
                call()


def test_a_task_as_a_vector_environment_does_what_its_fleet_does() -> None:
    """There and back again: navigation wrapped twice runs like navigation."""
    rules = {
        "violation": lambda step: bool(step.info["violation"]),
        "success": lambda step: bool(step.info["success"]),
    }
    wrapped = VectorEnvFleet(task_vector("navigation", 4), "navigation", 100, 0, **rules)
    assert same(record(wrapped, 150), record(NavigationFleet(4, 0), 150))


@pytest.mark.parametrize("task", task_names())
def test_every_task_passes_gymnasiums_checker(task: str) -> None:
    env = gymnasium.make(f"robots.gymnasium_env:iifl/{task}-v0", render_mode="rgb_array")
    with warnings.catch_warnings():
        # States have no bounds that every task could promise; the checker would like some.
        warnings.filterwarnings("ignore", message=".*(infinity|inf).*", category=UserWarning)
        check_env(env.unwrapped)
    env.reset(seed=0)
    frame = env.render()
    assert frame.shape == (480, 640, 3)
    env.close()


def test_an_environment_says_how_an_episode_ended() -> None:
    env = TaskEnv("navigation")
    env.reset(seed=0)
    for _ in range(3):
        env.step(np.array([1, 0], dtype=np.float32))
    observation, reward, terminated, truncated, info = env.step(np.array([1, 0], dtype=np.float32))
    assert (reward, terminated, truncated) == (0.0, True, False)
    assert info == {"success": False, "violation": True}
    assert env.reset()[0].tolist() == [1, 6] != observation.tolist()
    for _ in range(100):
        _, _, terminated, truncated, info = env.step(np.zeros(2, dtype=np.float32))
    assert (terminated, truncated) == (False, True)
    env.reset()
    (supervisor,) = make_supervisors("navigation", 1, 0)
    for _ in range(60):
        _, reward, terminated, truncated, info = env.step(supervisor.actions(env._fleet, [0])[0])
        if terminated:
            break
    assert (reward, truncated, info["success"]) == (1.0, False, True)


def test_an_environment_without_a_mode_draws_nothing_and_knows_no_other() -> None:
    assert TaskEnv("navigation").render() is None
    with pytest.raises(FleetError, match="render_mode"):
        TaskEnv("navigation", "human")
    with pytest.raises(FleetError, match="valid tasks"):
        TaskEnv("chess")


class Drift(OwnFleet):
    """A point that is moved by its action; blows up on request."""

    task = "drift"
    spaces = Spaces((1,), "float32", 1)
    episode_length = 5

    def begin(self, generator):
        return generator.uniform(-0.1, 0.1, 1)

    def move(self, state, action):
        place = state + action if action[0] > -0.9 else state * np.nan
        return Moved(place, 1.0, success=bool(place[0] > 2), violation=bool(place[0] < -1))

    def see(self, state):
        return state


def test_an_own_fleet_ends_by_goal_time_or_violation() -> None:
    fleet = Drift(4, 0)
    for step in range(5):
        result = fleet.act(np.array([[1], [0], [-0.5], [0]], dtype=np.float32), np.array([1, 1, 1, 0], bool))
        assert result.success.tolist() == [step >= 2, False, False, False] or step == 1
    assert result.done.tolist() == [True, True, False, False]
    assert result.violation.tolist() == [False, False, True, False]
    assert result.reward.tolist() == [1, 1, 0, 0]
    fleet.reset([0, 1, 2, 3])
    assert (fleet.states()[:, 0] < -1).tolist() == [False, False, True, False]
    fleet.hard_reset([2])
    assert (np.abs(fleet.states()) < 0.1).all()


def test_an_own_fleets_state_that_is_not_finite_is_that_robots_violation() -> None:
    fleet = Drift(2, 0)
    before = fleet.states()
    result = fleet.act(np.array([[-1], [0.5]], dtype=np.float32), everyone(fleet))
    assert result.violation.tolist() == [True, False]
    assert fleet.states()[0] == before[0]


def test_an_own_fleet_restores_bit_for_bit_and_draws_a_notice() -> None:
    fleet, other = Drift(3, 0), Drift(3, 1)
    record(fleet, 7)
    other.restore(fleet.snapshot())
    assert same(record(fleet, 20), record(other, 20))
    assert fleet.frames([0])[0].image.any()
    with pytest.raises(FleetError, match="snapshot"):
        other.restore(NavigationFleet(3, 0).snapshot())


def code_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)


CART, GYMNASIUM, TASK, PROMISES, THERE, PROMISES_THERE = range(6)


@pytest.mark.parametrize("blocks", [[CART], [GYMNASIUM], [CART, TASK], [CART, THERE]])
def test_the_guides_examples_run_and_succeed(blocks: list[int]) -> None:
    examples = code_blocks()
    assert len(examples) == 6
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(examples[block] for block in blocks)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for arrived, of in re.findall(r"(\d+) of (\d+)", done.stdout):
        assert arrived == of
    assert done.stdout


def test_the_guides_tests_hold_its_robots_to_their_promises(tmp_path: Path) -> None:
    examples = code_blocks()
    blocks = [examples[block] for block in (CART, TASK, PROMISES, THERE, PROMISES_THERE)]
    (tmp_path / "test_carts.py").write_text("\n".join(blocks))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert int(re.search(r"(\d+) passed", done.stdout).group(1)) > 60


def test_gymnasium_is_loaded_by_those_alone_who_ask_for_it() -> None:
    code = "import robots.registry, sys; print('gymnasium' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
