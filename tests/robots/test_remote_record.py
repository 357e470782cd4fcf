"""Records: what was used is kept with its times, in order, and nothing half-written is read."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from remote_house import HERE, House, until

from robots.physical import Ended
from robots.remote.chunks import Event, RecordError, about_record, begin_record, read_record, write_chunk
from robots.remote.record import Recorder


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "record"


def chunk(at, count=3):
    return [
        Event("picture", at + index, {"robot": index}, bytes([index] * (10 + index)))
        for index in range(count)
    ]


def test_a_record_gives_back_what_was_written_in_the_order_of_time(folder):
    begin_record(folder, {"task": "pushes"})
    first, second = chunk(10.0), chunk(12.5)
    write_chunk(folder, 0, first)
    write_chunk(folder, 1, list(reversed(second)))
    assert about_record(folder) == {"task": "pushes"}
    read = list(read_record(folder))
    assert [event.at for event in read] == sorted(event.at for event in first + second)
    assert sorted(read, key=str) == sorted(first + second, key=str)


def test_a_chunk_that_the_manifest_does_not_name_is_not_read(folder):
    begin_record(folder, {})
    write_chunk(folder, 0, chunk(1.0))
    (folder / "000001.jsonl").write_text('{"kind": "pict')
    with open(folder / "manifest.jsonl", "ab") as manifest:
        manifest.write(b'{"chunk": 1, "files": {"000001.js')
    assert len(list(read_record(folder))) == 3


def test_a_changed_chunk_is_named(folder):
    begin_record(folder, {})
    write_chunk(folder, 0, chunk(1.0))
    data = bytearray((folder / "000000.npz").read_bytes())
    data[-30] ^= 1
    (folder / "000000.npz").write_bytes(data)
    with pytest.raises(RecordError, match=r"000000\.npz is not as it was written"):
        list(read_record(folder))


def test_what_is_no_record_is_named(folder, tmp_path):
    with pytest.raises(RecordError, match="no record's manifest"):
        about_record(folder)
    begin_record(folder, {})
    with pytest.raises(RecordError, match="new folder"):
        Recorder(folder, {})
    (folder / "manifest.jsonl").write_text(json.dumps({"version": 99}) + "\n")
    with pytest.raises(RecordError, match="version 1"):
        about_record(folder)
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match="cannot be written"):
        begin_record(tmp_path / "file" / "record", {})


def test_a_fleet_s_record_holds_pictures_and_motions_with_all_their_times(tmp_path, folder):
    recorder = Recorder(folder, {"task": "pushes"}, chunk_s=0.3)
    arm = House(tmp_path / "house", 1, recorder=recorder)
    try:
        arm.ready()
        shown = arm.fleet.frames([0])[0]
        arm.fleet.observe()
        motion = arm.push()[0]
        end = arm.end(motion)
        assert end.ended is Ended.DONE
    finally:
        arm.close()
    assert (recorder.left_out, recorder.trouble) == (0, "")
    events = list(read_record(folder))
    assert [event.at for event in events] == sorted(event.at for event in events)
    pictures = {event.fields["use"]: event for event in events if event.kind == "picture"}
    assert set(pictures) == {"shown", "observed", "before", "after"}
    assert pictures["shown"].fields["captured_at"] == shown.captured_at
    assert pictures["shown"].jpeg[:2] == b"\xff\xd8"
    (told,) = [event.fields for event in events if event.kind == "motion"]
    assert told["motion"] == motion.id
    np.testing.assert_allclose(told["action"], motion.action)
    assert told["ended"] == "done"
    assert told["ordered_at"] <= told["began_at"] + pictures["before"].fields["error_s"] + 1e-3
    assert told["began_at"] < told["ended_at"] < told["seen_at"]
    assert pictures["after"].fields["captured_at"] == told["seen_at"]
    assert set(told["reach"]) == {"begin", "end", "speed"}


WRITER = """
import sys, time
from pathlib import Path
from robots.remote.eyes import Shot
from robots.remote.record import Recorder
recorder = Recorder(Path(sys.argv[1]), {}, chunk_s=0.05)
number = 0
while True:
    number += 1
    recorder.picture(0, Shot(bytes(2000), float(number), 0.0, float(number), 0.0, 0.0), "shown")
    time.sleep(0.001)
"""


def test_a_recorder_that_is_killed_leaves_whole_chunks(folder):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], env={**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    )
    manifest = folder / "manifest.jsonl"
    try:
        until(lambda: manifest.exists() and manifest.read_text().count("\n") > 4, "some chunks")
        time.sleep(0.02)
    finally:
        writer.kill()
        writer.wait()
    stamps = [event.fields["stamp"] for event in read_record(folder)]
    assert stamps == [float(number + 1) for number in range(len(stamps))]
    assert stamps
