"""Files that are written whole: whatever stands at their place, and whoever may read them."""

import os
import stat
from pathlib import Path

import numpy as np
import pytest

from policy.learning.files import PRIVATE, SHARED, read_arrays, write_arrays, write_whole


@pytest.mark.parametrize(("mode", "umask", "found"), [(PRIVATE, 0o022, 0o600), (SHARED, 0o027, 0o640)])
def test_others_read_what_is_shared_as_far_as_the_umask_lets(
    tmp_path: Path, mode: int, umask: int, found: int
) -> None:
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "file", b"data", mode=mode)
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == found


def test_a_link_stays_one_and_its_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "file")
    for data in (b"first", b"second"):
        write_whole(tmp_path / "link", data)
        assert (tmp_path / "elsewhere" / "file").read_bytes() == data
    assert (tmp_path / "link").is_symlink()


def test_a_device_or_a_pipe_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, b"data")
    assert os.read(reading, 10) == b"data"
    os.close(reading)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_write_that_fails_leaves_what_was_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    write_whole(tmp_path / "file", b"before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "file", b"after")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_arrays_that_were_cut_are_none(tmp_path: Path, share: float) -> None:
    path = tmp_path / "arrays.npz"
    write_arrays(path, {"numbers": np.arange(100)})
    kept = read_arrays(path)
    assert kept is not None
    assert kept["numbers"].tolist() == list(range(100))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert read_arrays(path) is None
