"""Demonstrations by others come in whole, clipped where they must be, or are refused by name."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from policy import Dataset, InputError
from policy.learning.demonstrations import joined, read_demonstrations, split_episodes


def arrays(**changed: Any) -> dict[str, Any]:
    """Three episodes of 4, 1 and 5 steps; observation 0 is the number of the step."""
    steps = np.arange(10, dtype=np.float32)
    given = {
        "observations": np.stack([steps, -steps], axis=1),
        "actions": np.stack([steps / 10, -steps / 10, np.ones(10)], axis=1).astype(np.float32),
        "rewards": steps,
        "dones": np.isin(steps, [3, 4, 9]),
    }
    return {name: array for name, array in {**given, **changed}.items() if array is not None}


def write(path: Path, **changed: Any) -> Path:
    np.savez(path / "someone.npz", **arrays(**changed))
    return path / "someone.npz"


def replaced(name: str, place: tuple[int, ...], value: float) -> dict[str, Any]:
    array = arrays()[name].copy()
    array[place] = value
    return {name: array}


def test_episodes_are_whole_and_named(tmp_path: Path) -> None:
    read = read_demonstrations(write(tmp_path))
    assert [(part.start, part.stop) for part in read.episodes] == [(0, 4), (4, 5), (5, 10)]
    assert not read.clipped.any()
    chosen = read.dataset([2, 0], skip=1)
    assert chosen.observations[:, 0].tolist() == [6, 7, 8, 9, 1, 2, 3]
    assert chosen.provenance.tolist() == ["someone, episode 2"] * 4 + ["someone, episode 0"] * 3
    assert len(read.dataset()) == len(read) == 10
    with pytest.raises(InputError, match="episodes hold 3; valid for someone is 0 to 2"):
        read.dataset([0, 3])
    with pytest.raises(InputError, match="no step of someone is left"):
        read.dataset([1], skip=1)
    with pytest.raises(InputError, match="skip is -1"):
        read.dataset(skip=-1)


def test_a_few_actions_outside_the_box_are_clipped_counted_and_named(tmp_path: Path) -> None:
    path = write(tmp_path, **replaced("actions", (4, 1), -1.82))
    with pytest.raises(InputError, match=r"1 of 10 steps \(largest 1\.82\).*Scale them first"):
        read_demonstrations(path)
    read = read_demonstrations(path, supervisor="ana", largest_clipped_share=0.1)
    assert np.flatnonzero(read.clipped).tolist() == [4]
    assert read.actions[4, 1] == -1.0
    names = read.dataset().provenance
    assert names[4] == "ana, episode 1, clipped"
    assert sum(name.endswith("clipped") for name in names) == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (replaced("observations", (3, 1), np.nan), "observations of step 3 holds NaN or infinity"),
        (replaced("actions", (7, 0), np.inf), "actions of step 7 holds NaN or infinity"),
        (replaced("rewards", (2,), np.nan), "rewards of step 2 holds NaN or infinity"),
        ({"actions": np.zeros(10, np.float32)}, r"actions has shape \(10,\)"),
        ({"rewards": np.zeros(9, np.float32)}, r"rewards has shape \(9,\)"),
        ({"observations": np.zeros((0, 2), np.float32)}, r"observations has shape \(0, 2\)"),
        ({"observations": np.zeros((10, 0), np.float32)}, r"observations has shape \(10, 0\)"),
        ({"dones": np.zeros(10)}, "dones is float64"),
        ({"dones": np.zeros(10, bool)}, "dones is false at the last step"),
        ({"actions": np.full((10, 3), "left")}, "actions is <U4"),
        ({"rewards": None, "dones": None}, "lacks rewards, dones"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_demonstrations(write(tmp_path, **changed))


class Trap:
    """Its pickle touches a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_no_code_in_a_file_runs(tmp_path: Path) -> None:
    trap = np.array([Trap(tmp_path / "sprung")] * 10, dtype=object)
    with pytest.raises(InputError, match="no demonstrations that can be read"):
        read_demonstrations(write(tmp_path, rewards=trap))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("data", [None, b"", b"PK\x03\x04 cut short"])
def test_files_that_are_none_are_refused(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "broken.npz"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InputError, match=r"broken\.npz holds no demonstrations"):
        read_demonstrations(path)


def test_a_split_takes_every_episode_once_and_hangs_on_the_generator() -> None:
    shares = (0.7, 0.15, 0.15)
    parts = split_episodes(20, shares, np.random.default_rng(3))
    assert [len(part) for part in parts] == [14, 3, 3]
    assert sorted(np.concatenate(parts)) == list(range(20))
    same, other = (split_episodes(20, shares, np.random.default_rng(seed)) for seed in (3, 4))
    assert all(np.array_equal(one, two) for one, two in zip(parts, same, strict=True))
    assert not np.array_equal(parts[0], other[0])
    assert [len(part) for part in split_episodes(3, (0.02, 0.49, 0.49), np.random.default_rng(0))] == [
        1,
        1,
        1,
    ]
    with pytest.raises(InputError, match="2 episodes do not go into 3 parts"):
        split_episodes(2, shares, np.random.default_rng(0))
    with pytest.raises(InputError, match="add up to 1"):
        split_episodes(9, (0.5, 0.4), np.random.default_rng(0))


def test_joined_datasets_keep_order_and_names() -> None:
    one, two = (
        Dataset(np.full((size, 2), size, np.float32), np.zeros((size, 1), np.float32), np.array(name))
        for size, name in ((3, "ana"), (2, "a longer name"))
    )
    both = joined([one, two])
    assert both.observations[:, 0].tolist() == [3, 3, 3, 2, 2]
    assert both.provenance.tolist() == ["ana"] * 3 + ["a longer name"] * 2
    odd = Dataset(np.zeros((1, 3), np.float32), np.zeros((1, 1), np.float32), np.array("x"))
    with pytest.raises(InputError, match="different shapes"):
        joined([one, odd])
    with pytest.raises(InputError, match="no datasets"):
        joined([])
