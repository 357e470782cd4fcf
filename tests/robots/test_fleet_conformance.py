"""What every fleet promises, whatever its task is and whatever simulates it.

Every registered task is tried on each of its backends. MuJoCo Warp runs on the CPU here, where it is slow: it
is tried with fewer robots. Isaac Gym is stood in for by a process that speaks its worker's protocol.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from isaacgym_stand_in.fleet import EPISODE_LENGTH, cart_fleet

from robots.backends import mjwarp
from robots.fleet import Fleet, FleetError, StepResult
from robots.registry import backend_names, make_fleet, make_supervisors, task_defaults, task_names

ROBOTS = 3
needs_mjwarp = pytest.mark.skipif(mjwarp.missing() is not None, reason=str(mjwarp.missing()))


@dataclass(frozen=True)
class Kind:
    """A task on a backend."""

    task: str
    backend: str
    largest: int = 1000

    def make(self, robots: int, seed: int) -> Fleet:
        return make_fleet(self.task, robots, seed, self.backend)

    def episode_length(self) -> int:
        return task_defaults(self.task).episode_length


@dataclass(frozen=True)
class StandIn(Kind):
    """A toy task behind the pipe to a worker process."""

    def make(self, robots: int, seed: int) -> Fleet:
        return cart_fleet(robots, seed)

    def episode_length(self) -> int:
        return EPISODE_LENGTH


KINDS = [Kind(task, backend_names(task)[0]) for task in task_names()]
pytestmark = pytest.mark.parametrize(
    "kind",
    [
        *(pytest.param(kind, id=kind.task) for kind in KINDS),
        *(
            pytest.param(
                Kind(task, "mjwarp", largest=20),
                id=f"{task}-mjwarp",
                marks=[needs_mjwarp, pytest.mark.slow(30), pytest.mark.timeout(900)],
            )
            for task in task_names()
            if "mjwarp" in backend_names(task)
        ),
        pytest.param(StandIn("cart", "isaacgym"), id="cart-isaacgym"),
    ],
)
FIXED_START = {"navigation"}
"""Tasks in which every episode of every robot and seed begins alike, and nothing but actions is random."""


def all_active(fleet: Fleet) -> np.ndarray:
    return np.ones(fleet.size, dtype=np.bool_)


def random_actions(fleet: Fleet, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (fleet.size, fleet.spaces.action_size)).astype(np.float32)


def run(fleet: Fleet, steps: int, seed: int = 0) -> list[StepResult]:
    """Random steps, answered with the resets that a supervision loop would give."""
    results = []
    for step in range(steps):
        result = fleet.act(random_actions(fleet, seed + step), all_active(fleet))
        fleet.reset(np.flatnonzero(result.done).tolist())
        fleet.hard_reset(np.flatnonzero(result.violation).tolist())
        results.append(result)
    return results


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_says_who_it_is(kind: Kind) -> None:
    fleet = kind.make(ROBOTS, 0)
    assert (fleet.task, fleet.size) == (kind.task, ROBOTS)
    assert fleet.episode_length == kind.episode_length() > 0


@pytest.mark.parametrize("robots", [1, 3, 1000])
def test_observations_have_the_promised_shape(kind: Kind, robots: int) -> None:
    robots = min(robots, kind.largest)
    fleet = kind.make(robots, 0)
    seen = fleet.observe()
    assert seen.shape == (robots, *fleet.spaces.observation_shape)
    assert seen.dtype == fleet.spaces.observation_dtype


@pytest.mark.parametrize("robots", [1, 5])
def test_a_step_reports_one_entry_per_robot(kind: Kind, robots: int) -> None:
    fleet = kind.make(robots, 0)
    result = fleet.act(random_actions(fleet), all_active(fleet))
    assert result.reward.shape == (robots,)
    assert result.reward.dtype == np.float32
    for flags in (result.done, result.violation, result.success):
        assert flags.shape == (robots,)
        assert flags.dtype == np.bool_


def test_frames_are_for_people(kind: Kind) -> None:
    fleet = kind.make(ROBOTS, 0)
    frames = fleet.frames([2, 0])
    assert len(frames) == 2
    for frame in frames:
        assert frame.image.shape == (480, 640, 3)
        assert frame.image.dtype == np.uint8
        if frame.anchor is None:
            assert frame.reach == 0
        else:
            assert 0 < frame.reach < 1
            assert all(0 <= value <= 1 for value in frame.anchor)
    assert fleet.frames([]) == []


def test_the_largest_fleet_steps(kind: Kind) -> None:
    fleet = kind.make(kind.largest, 0)
    before = fleet.snapshot()
    assert fleet.act(random_actions(fleet), all_active(fleet)).reward.shape == (kind.largest,)
    assert not same(dict(before), dict(fleet.snapshot()))


def test_the_same_seed_gives_the_same_run(kind: Kind) -> None:
    first, second = kind.make(ROBOTS, 7), kind.make(ROBOTS, 7)
    run(first, 15)
    run(second, 15)
    assert same(dict(first.snapshot()), dict(second.snapshot()))
    assert np.array_equal(first.observe(), second.observe())


def test_another_seed_gives_another_run_unless_the_start_is_fixed(kind: Kind) -> None:
    first, second = kind.make(ROBOTS, 7).observe(), kind.make(ROBOTS, 8).observe()
    alike = [np.array_equal(a, b) for a, b in zip(first, second, strict=True)]
    assert all(alike) if kind.task in FIXED_START else not any(alike)


def test_robots_differ_from_each_other_unless_the_start_is_fixed(kind: Kind) -> None:
    first, second = kind.make(2, 0).observe()
    assert np.array_equal(first, second) == (kind.task in FIXED_START)


def test_a_robot_is_the_same_in_a_fleet_of_any_size(kind: Kind) -> None:
    small, large = kind.make(2, 3), kind.make(9, 3)
    for step in range(12):
        actions = random_actions(large, step)
        assert np.array_equal(small.observe(), large.observe()[:2])
        for fleet in (small, large):
            result = fleet.act(actions[: fleet.size], all_active(fleet))
            fleet.reset(np.flatnonzero(result.done).tolist())
            fleet.hard_reset(np.flatnonzero(result.violation).tolist())


def test_a_snapshot_restores_bit_for_bit(kind: Kind) -> None:
    fleet = kind.make(ROBOTS, 1)
    run(fleet, 10)
    fleet.observe()
    taken = fleet.snapshot()
    run(fleet, 20, seed=50)
    expected, image = dict(fleet.snapshot()), fleet.observe()

    other = kind.make(ROBOTS, 999)
    other.restore(taken)
    assert same(dict(other.snapshot()), dict(taken))
    run(other, 20, seed=50)
    assert same(dict(other.snapshot()), expected)
    assert np.array_equal(other.observe(), image)


def test_a_snapshot_survives_a_file_without_pickle(kind: Kind, tmp_path) -> None:
    fleet = kind.make(ROBOTS, 1)
    run(fleet, 5)
    np.savez(tmp_path / "fleet.npz", **fleet.snapshot())
    expected = fleet.observe()
    with np.load(tmp_path / "fleet.npz", allow_pickle=False) as stored:
        fleet.restore(dict(stored))
    assert np.array_equal(fleet.observe(), expected)


def test_a_snapshot_is_a_copy(kind: Kind) -> None:
    fleet = kind.make(ROBOTS, 1)
    taken = fleet.snapshot()
    kept = {name: array.copy() for name, array in taken.items()}
    run(fleet, 10)
    assert same(dict(taken), kept)
    fleet.restore(taken)
    run(fleet, 10)
    assert same(dict(taken), kept)


def test_looking_at_frames_changes_nothing(kind: Kind) -> None:
    watched, alone = kind.make(ROBOTS, 2), kind.make(ROBOTS, 2)
    watched.frames([0, 1, 2])
    watched.frames([1])
    run(watched, 5)
    run(alone, 5)
    assert np.array_equal(watched.observe(), alone.observe())
    assert same(dict(watched.snapshot()), dict(alone.snapshot()))


def test_inactive_robots_are_left_alone(kind: Kind) -> None:
    fleet, reference = kind.make(ROBOTS, 4), kind.make(ROBOTS, 4)
    active = np.array([True, False, True])
    actions = random_actions(fleet)
    actions[1] = np.nan
    result = fleet.act(actions, active)
    for reported in (result.reward, result.done, result.violation, result.success):
        assert not reported[1]
    assert np.array_equal(fleet.observe()[1], reference.observe()[1])


def test_actions_beyond_the_bounds_are_clipped(kind: Kind) -> None:
    wild, tame = kind.make(ROBOTS, 5), kind.make(ROBOTS, 5)
    actions = random_actions(wild) * 5
    assert (np.abs(actions) > 1).any()
    wild.act(actions, all_active(wild))
    tame.act(np.clip(actions, -1, 1), all_active(tame))
    assert same(dict(wild.snapshot()), dict(tame.snapshot()))


def test_actions_beyond_the_bounds_are_counted_once_for_each_active_robot(kind: Kind) -> None:
    fleet = kind.make(ROBOTS, 5)
    actions = np.zeros((ROBOTS, fleet.spaces.action_size), dtype=np.float32)
    actions[0], actions[1, 1], actions[2, 0] = 1.0, -1.5, 7.0
    actions[2, 1] = -7.0
    assert fleet.clipped == 0
    fleet.act(actions, np.array([True, True, False]))
    assert fleet.clipped == 1
    fleet.act(actions, all_active(fleet))
    assert fleet.clipped == 3
    fleet.act(np.full(actions.shape, 0.1), all_active(fleet))  # Not a float32: rounded, but not clipped.
    assert fleet.clipped == 3


def test_the_callers_actions_are_not_written_to(kind: Kind) -> None:
    fleet = kind.make(ROBOTS, 5)
    actions = random_actions(fleet) * 5
    kept = actions.copy()
    fleet.act(actions, all_active(fleet))
    assert np.array_equal(actions, kept)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_moves_nobody(kind: Kind, bad: float) -> None:
    fleet = kind.make(ROBOTS, 0)
    before = dict(fleet.snapshot())
    actions = random_actions(fleet)
    actions[2, 0] = bad
    with pytest.raises(FleetError, match="robot 2"):
        fleet.act(actions, all_active(fleet))
    assert same(dict(fleet.snapshot()), before)


BAD_STEPS: list[Callable[[Fleet], object]] = [
    lambda fleet: fleet.act(random_actions(fleet)[:2], all_active(fleet)),
    lambda fleet: fleet.act(random_actions(fleet)[:, :1], all_active(fleet)),
    lambda fleet: fleet.act(random_actions(fleet)[0], all_active(fleet)),
    lambda fleet: fleet.act(np.full((ROBOTS, fleet.spaces.action_size), "left"), all_active(fleet)),
    lambda fleet: fleet.act(random_actions(fleet), all_active(fleet)[:2]),
    lambda fleet: fleet.act(random_actions(fleet), np.ones(ROBOTS)),
]


@pytest.mark.parametrize("bad_step", BAD_STEPS)
def test_arrays_of_another_shape_or_type_are_refused(kind: Kind, bad_step: Callable[[Fleet], object]) -> None:
    fleet = kind.make(ROBOTS, 0)
    before = dict(fleet.snapshot())
    with pytest.raises(FleetError, match="must be"):
        bad_step(fleet)
    assert same(dict(fleet.snapshot()), before)


@pytest.mark.parametrize("ids", [[3], [-1], [0, 0], [1.0], [True], ["0"]])
@pytest.mark.parametrize("call", ["reset", "hard_reset", "frames"])
def test_ids_that_no_robot_has_are_refused(kind: Kind, call: str, ids: list[int]) -> None:
    fleet = kind.make(ROBOTS, 0)
    before = dict(fleet.snapshot())
    with pytest.raises(FleetError, match="robot"):
        getattr(fleet, call)([1, *ids] if ids != [True] else ids)
    assert same(dict(fleet.snapshot()), before)


def test_foreign_snapshots_are_refused_and_change_nothing(kind: Kind) -> None:
    fleet = kind.make(ROBOTS, 0)
    before = dict(fleet.snapshot())
    header = b"chess/1"
    foreign = [
        kind.make(ROBOTS + 1, 0).snapshot(),
        make_supervisors("navigation", 1, 0)[0].snapshot(),
        make_fleet("navigation" if kind.task == "block_push" else "block_push", ROBOTS, 0).snapshot(),
        {},
        before | {"header": np.frombuffer(header, dtype=np.uint8)},
    ]
    first = next(name for name in before if name != "header")
    foreign.append(before | {first: before[first].astype(np.float16)})
    foreign.append(before | {first: before[first].tolist()})
    poisoned = next(name for name in before if before[name].dtype.kind == "f")
    foreign.append(before | {poisoned: np.full_like(before[poisoned], np.nan)})
    for snapshot in foreign:
        with pytest.raises(FleetError, match="snapshot"):
            fleet.restore(snapshot)
        assert same(dict(fleet.snapshot()), before)


def test_snapshots_hold_no_objects(kind: Kind) -> None:
    assert all(array.dtype != object for array in kind.make(2, 0).snapshot().values())
