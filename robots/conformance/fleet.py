"""What robots.fleet.Fleet promises, whatever the task is and whatever simulates it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robots.conformance.kinds import ROBOTS, Kind
from robots.fleet import Fleet, FleetError, Snapshot, StepResult
from robots.registry import make_fleet, make_supervisors
from robots.snapshots import HEADER


def all_active(fleet: Fleet) -> NDArray[np.bool_]:
    """A mask of every robot."""
    return np.ones(fleet.size, dtype=np.bool_)


def random_actions(fleet: Fleet, seed: int = 0) -> NDArray[np.float32]:
    """(N, A)."""
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


def same(a: Snapshot, b: Snapshot) -> bool:
    """Whether two snapshots are equal bit for bit."""
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


BAD_STEPS: list[Callable[[Fleet], object]] = [
    lambda fleet: fleet.act(random_actions(fleet)[:2], all_active(fleet)),
    lambda fleet: fleet.act(random_actions(fleet)[:, 1:], all_active(fleet)),
    lambda fleet: fleet.act(random_actions(fleet)[0], all_active(fleet)),
    lambda fleet: fleet.act(np.full((ROBOTS, fleet.spaces.action_size), "left"), all_active(fleet)),
    lambda fleet: fleet.act(random_actions(fleet), all_active(fleet)[:2]),
    lambda fleet: fleet.act(random_actions(fleet), np.ones(ROBOTS)),  # type: ignore[arg-type]
]


class FleetConformance:
    """What robots.fleet.Fleet promises; a subclass gives the fixture `kind`."""

    @pytest.fixture
    def kind(self) -> Kind:
        """What is tried."""
        raise NotImplementedError("a subclass gives the fixture kind")

    def test_says_who_it_is(self, kind: Kind) -> None:
        fleet = kind.make(ROBOTS, 0)
        assert (fleet.task, fleet.size) == (kind.task, ROBOTS)
        assert fleet.episode_length > 0
        assert kind.episode_length in (None, fleet.episode_length)

    @pytest.mark.parametrize("robots", [1, 3, 1000])
    def test_observations_have_the_promised_shape(self, kind: Kind, robots: int) -> None:
        robots = min(robots, kind.largest)
        fleet = kind.make(robots, 0)
        seen = fleet.observe()
        assert seen.shape == (robots, *fleet.spaces.observation_shape)
        assert seen.dtype == fleet.spaces.observation_dtype

    @pytest.mark.parametrize("robots", [1, 5])
    def test_a_step_reports_one_entry_per_robot(self, kind: Kind, robots: int) -> None:
        fleet = kind.make(robots, 0)
        result = fleet.act(random_actions(fleet), all_active(fleet))
        assert result.reward.shape == (robots,)
        assert result.reward.dtype == np.float32
        for flags in (result.done, result.violation, result.success):
            assert flags.shape == (robots,)
            assert flags.dtype == np.bool_

    def test_frames_are_for_people(self, kind: Kind) -> None:
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

    def test_the_largest_fleet_steps(self, kind: Kind) -> None:
        fleet = kind.make(kind.largest, 0)
        before = fleet.snapshot()
        assert fleet.act(random_actions(fleet), all_active(fleet)).reward.shape == (kind.largest,)
        assert not same(dict(before), dict(fleet.snapshot()))

    def test_the_same_seed_gives_the_same_run(self, kind: Kind) -> None:
        first, second = kind.make(ROBOTS, 7), kind.make(ROBOTS, 7)
        run(first, 15)
        run(second, 15)
        assert same(dict(first.snapshot()), dict(second.snapshot()))
        assert np.array_equal(first.observe(), second.observe())

    def test_another_seed_gives_another_run_unless_the_start_is_fixed(self, kind: Kind) -> None:
        first, second = kind.make(ROBOTS, 7).observe(), kind.make(ROBOTS, 8).observe()
        alike = [np.array_equal(a, b) for a, b in zip(first, second, strict=True)]
        assert all(alike) if kind.fixed_start else not any(alike)

    def test_robots_differ_from_each_other_unless_the_start_is_fixed(self, kind: Kind) -> None:
        first, second = kind.make(2, 0).observe()
        assert np.array_equal(first, second) == kind.fixed_start

    def test_a_robot_is_the_same_in_a_fleet_of_any_size(self, kind: Kind) -> None:
        small, large = kind.make(2, 3), kind.make(9, 3)
        for step in range(12):
            actions = random_actions(large, step)
            assert np.array_equal(small.observe(), large.observe()[:2])
            for fleet in (small, large):
                result = fleet.act(actions[: fleet.size], all_active(fleet))
                fleet.reset(np.flatnonzero(result.done).tolist())
                fleet.hard_reset(np.flatnonzero(result.violation).tolist())

    def test_a_snapshot_restores_bit_for_bit(self, kind: Kind) -> None:
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

    def test_a_snapshot_survives_a_file_without_pickle(self, kind: Kind, tmp_path: Path) -> None:
        fleet = kind.make(ROBOTS, 1)
        run(fleet, 5)
        np.savez(tmp_path / "fleet.npz", **dict(fleet.snapshot()))  # type: ignore[arg-type]
        expected = fleet.observe()
        with np.load(tmp_path / "fleet.npz", allow_pickle=False) as stored:
            fleet.restore(dict(stored))
        assert np.array_equal(fleet.observe(), expected)

    def test_a_snapshot_is_a_copy(self, kind: Kind) -> None:
        fleet = kind.make(ROBOTS, 1)
        taken = fleet.snapshot()
        kept = {name: array.copy() for name, array in taken.items()}
        run(fleet, 10)
        assert same(dict(taken), kept)
        fleet.restore(taken)
        run(fleet, 10)
        assert same(dict(taken), kept)

    def test_looking_at_frames_changes_nothing(self, kind: Kind) -> None:
        watched, alone = kind.make(ROBOTS, 2), kind.make(ROBOTS, 2)
        watched.frames([0, 1, 2])
        watched.frames([1])
        run(watched, 5)
        run(alone, 5)
        assert np.array_equal(watched.observe(), alone.observe())
        assert same(dict(watched.snapshot()), dict(alone.snapshot()))

    def test_inactive_robots_are_left_alone(self, kind: Kind) -> None:
        fleet, reference = kind.make(ROBOTS, 4), kind.make(ROBOTS, 4)
        active = np.array([True, False, True])
        actions = random_actions(fleet)
        actions[1] = np.nan
        result = fleet.act(actions, active)
        for reported in (result.reward, result.done, result.violation, result.success):
            assert not reported[1]
        assert np.array_equal(fleet.observe()[1], reference.observe()[1])

    def test_actions_beyond_the_bounds_are_clipped(self, kind: Kind) -> None:
        wild, tame = kind.make(ROBOTS, 5), kind.make(ROBOTS, 5)
        actions = random_actions(wild) * 5
        assert (np.abs(actions) > 1).any()
        wild.act(actions, all_active(wild))
        tame.act(np.clip(actions, -1, 1), all_active(tame))
        assert same(dict(wild.snapshot()), dict(tame.snapshot()))

    def test_actions_beyond_the_bounds_are_counted_once_for_each_active_robot(self, kind: Kind) -> None:
        fleet: Any = kind.make(ROBOTS, 5)
        if not hasattr(fleet, "clipped"):
            pytest.skip("it does not count them")
        actions = np.zeros((ROBOTS, fleet.spaces.action_size), dtype=np.float32)
        actions[0], actions[1, -1], actions[2, 0] = 1.0, -1.5, 7.0
        actions[2, -1] = -7.0
        assert fleet.clipped == 0
        fleet.act(actions, np.array([True, True, False]))
        assert fleet.clipped == 1
        fleet.act(actions, all_active(fleet))
        assert fleet.clipped == 3
        fleet.act(np.full(actions.shape, 0.1), all_active(fleet))  # Not a float32: rounded, but not clipped.
        assert fleet.clipped == 3

    def test_the_callers_actions_are_not_written_to(self, kind: Kind) -> None:
        fleet = kind.make(ROBOTS, 5)
        actions = random_actions(fleet) * 5
        kept = actions.copy()
        fleet.act(actions, all_active(fleet))
        assert np.array_equal(actions, kept)

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_a_number_that_is_not_finite_moves_nobody(self, kind: Kind, bad: float) -> None:
        fleet = kind.make(ROBOTS, 0)
        before = dict(fleet.snapshot())
        actions = random_actions(fleet)
        actions[2, 0] = bad
        with pytest.raises(FleetError, match="robot 2"):
            fleet.act(actions, all_active(fleet))
        assert same(dict(fleet.snapshot()), before)

    @pytest.mark.parametrize("bad_step", BAD_STEPS)
    def test_arrays_of_another_shape_or_type_are_refused(
        self, kind: Kind, bad_step: Callable[[Fleet], object]
    ) -> None:
        fleet = kind.make(ROBOTS, 0)
        before = dict(fleet.snapshot())
        with pytest.raises(FleetError, match="must be"):
            bad_step(fleet)
        assert same(dict(fleet.snapshot()), before)

    @pytest.mark.parametrize("ids", [[3], [-1], [0, 0], [1.0], [True], ["0"]])
    @pytest.mark.parametrize("call", ["reset", "hard_reset", "frames"])
    def test_ids_that_no_robot_has_are_refused(self, kind: Kind, call: str, ids: list[int]) -> None:
        fleet = kind.make(ROBOTS, 0)
        before = dict(fleet.snapshot())
        with pytest.raises(FleetError, match="robot"):
            getattr(fleet, call)([1, *ids] if ids != [True] else ids)
        assert same(dict(fleet.snapshot()), before)

    def test_foreign_snapshots_are_refused_and_change_nothing(self, kind: Kind) -> None:
        fleet = kind.make(ROBOTS, 0)
        before = dict(fleet.snapshot())
        foreign = [
            kind.make(ROBOTS + 1, 0).snapshot(),
            make_supervisors("navigation", 1, 0)[0].snapshot(),
            make_fleet("navigation" if kind.task == "block_push" else "block_push", ROBOTS, 0).snapshot(),
            {},
        ]
        if HEADER in before:
            foreign.append(before | {HEADER: np.frombuffer(b"chess/1", dtype=np.uint8)})
        first = next(name for name in before if name != HEADER)
        foreign.append(before | {first: before[first].astype(np.float16)})
        foreign.append(before | {first: before[first].tolist()})
        for poisoned in [name for name in before if before[name].dtype.kind == "f"][:1]:
            foreign.append(before | {poisoned: np.full_like(before[poisoned], np.nan)})
        for snapshot in foreign:
            with pytest.raises(FleetError, match="snapshot"):
                fleet.restore(snapshot)
            assert same(dict(fleet.snapshot()), before)

    def test_snapshots_hold_no_objects(self, kind: Kind) -> None:
        assert all(array.dtype != object for array in kind.make(2, 0).snapshot().values())
