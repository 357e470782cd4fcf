"""The agent by itself, spoken to in its protocol: what it refuses, what it remembers, when it stops."""

import contextlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from remote_house import HERE, PATIENCE_S, until

from robots.remote.answering import MOST_UNDER_WAY
from robots.remote.framing import Splitter, encode
from robots.remote.messages import (
    Act,
    Beat,
    Became,
    Hello,
    Observe,
    Release,
    ResetPrompt,
    Stop,
    Subscribe,
    request_packet,
)
from robots.remote.replies import Answer, Event, Failure, read_reply
from robots.remote.watching import from_jpeg


class Talk:
    """One agent in a process, spoken to by hand."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "remote_scripted.py"), str(folder), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        )
        self.splitter, self.number = Splitter(), 0
        self.replies, self.events = {}, []
        self.session = ""

    def send(self, *requests) -> list[int]:
        """All in one piece."""
        numbers = list(range(self.number + 1, self.number + 1 + len(requests)))
        self.number += len(requests)
        packets = zip(numbers, requests, strict=True)
        self.raw(b"".join(encode(request_packet(number, request)) for number, request in packets))
        return numbers

    def raw(self, data: bytes) -> None:
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def read(self, within_s: float) -> bool:
        if not select.select([self.process.stdout], [], [], within_s)[0]:
            return False
        data = os.read(self.process.stdout.fileno(), 65536)
        for packet in self.splitter.feed(data):
            reply = read_reply(packet)
            if isinstance(reply, Event):
                self.events.append(reply)
            else:
                assert reply.number not in self.replies, "a request was answered twice"
                self.replies[reply.number] = reply
        return bool(data)

    def reply(self, number: int) -> Answer | Failure:
        until(lambda: (self.read(0.01) and False) or number in self.replies, f"a reply to {number}")
        return self.replies[number]

    def ask(self, request) -> Answer | Failure:
        return self.reply(self.send(request)[0])

    def hello(self) -> "Talk":
        answer = self.ask(Hello("a test"))
        assert isinstance(answer, Answer), answer
        self.session = answer.fields["session"]

        def ready() -> bool:
            told = self.ask(Beat()).fields
            return told["ready"] == "yes" and not told["camera"]

        until(ready, "the robot is ready")
        return self

    def clock(self) -> float:
        return self.ask(Beat()).fields["clock"]

    def act(self, motion: str = "m1", **changed) -> Act:
        order = {
            "motion": motion,
            "session": self.session,
            "begin": (0.0, 0.0),
            "end": (0.1, 0.0),
            "speed": 0.1,
            "begin_by": self.clock() + 24.0,
            "within_s": 25.0,
        }
        return Act(**(order | changed))

    def pictures(self) -> list[Event]:
        return [event for event in self.events if event.kind == "picture"]

    def beats_until(self, true, what: str) -> None:
        """Lives like a driver meanwhile."""

        def seen() -> bool:
            self.send(Beat(len(self.pictures())))
            self.read(0.02)
            return bool(true())

        until(seen, what)

    def ended(self, motion: str) -> dict:
        def told():
            return [e for e in self.events if e.kind == "ended" and e.fields["motion"] == motion]

        self.beats_until(told, f"the end of {motion}")
        assert len(told()) == 1
        return dict(told()[0].fields)

    def log(self, event: str) -> list[dict]:
        path = self.folder / "side.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in map(json.loads, lines) if line["event"] == event]

    def leave(self) -> int:
        self.process.stdin.close()
        return self.process.wait(PATIENCE_S)


@pytest.fixture
def talk(tmp_path):
    talks = []

    def begin(*options: str, folder: str = "arm") -> Talk:
        talks.append(Talk(tmp_path / folder, *options))
        return talks[-1]

    yield begin
    for one in talks:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait()
        one.process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            one.process.stdin.close()


def test_hello_tells_what_a_driver_needs(talk):
    told = talk().hello().ask(Hello("again"))
    assert isinstance(told, Failure)
    other = talk(folder="other").ask(Hello("a test")).fields
    assert other["version"] == 1
    assert other["limits"]["max_speed"] == 0.5
    assert other["limits"]["workspace"] == {"left": -0.3, "bottom": -0.2, "right": 0.3, "top": 0.2}
    assert {"act", "stop", "observe"} <= set(other["requests"])
    assert other["dry_run"] is False


def test_an_order_is_acknowledged_carried_out_and_its_end_told(talk):
    agent = talk().hello()
    begun = agent.ask(agent.act())
    end = agent.ended("m1")
    assert end["ended"] == "done"
    assert begun.fields["began_at"] == end["began_at"] < end["ended_at"]
    assert len(agent.log("move")) == 1
    assert agent.ask(Became(("m1", "m2"))).fields["motions"]["m1"]["ended"] == "done"
    assert agent.ask(Became(("m2",))).fields["motions"]["m2"]["ended"] == "never"


def test_an_order_that_comes_twice_is_carried_out_once(talk):
    agent = talk().hello()
    order = agent.act()
    first, second, third = agent.send(order, order, order)
    assert isinstance(agent.reply(first), Answer)
    assert "twice" in agent.reply(second).sentence
    assert "twice" in agent.reply(third).sentence
    assert agent.ended("m1")["ended"] == "done"
    assert "twice" in agent.ask(order).sentence
    assert len(agent.log("move")) == 1


def test_an_order_is_remembered_over_a_killed_agent_and_its_end_is_unknown(talk):
    agent = talk("--motion-s", "20").hello()
    agent.ask(agent.act())
    until(lambda: agent.log("move"), "it moves")
    agent.process.kill()
    agent.process.wait()
    again = talk().hello()
    assert again.log("stop"), "the new agent stops what may still move"
    assert again.ask(Became(("m1",))).fields["motions"]["m1"]["ended"] == "unknown"
    assert "twice" in again.ask(again.act()).sentence
    assert again.ask(again.act("m2"))
    assert again.ended("m2")["ended"] == "done"
    assert len(again.log("move")) == 2


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"session": "another"}, "another session"),
        ({"begin_by": -1e6}, "too late"),
        ({"begin_by": 1e9}, "clocks disagree"),
        ({"end": (0.4, 0.0)}, "leaves workspace"),
        ({"speed": 3.0}, "m/s"),
    ],
)
def test_orders_that_are_not_fresh_fenced_or_within_limits_move_nothing(talk, changed, says):
    agent = talk().hello()
    assert says in agent.ask(agent.act(**changed)).sentence
    assert agent.log("move") == []


def test_an_order_before_hello_moves_nothing(talk):
    agent = talk()
    assert "hello" in agent.ask(agent.act(session="made up")).sentence
    assert agent.log("move") == []


def test_an_arm_makes_one_motion_at_a_time(talk):
    agent = talk("--motion-s", "1").hello()
    agent.ask(agent.act("m1"))
    assert "under way" in agent.ask(agent.act("m2")).sentence
    assert agent.ended("m1")["ended"] == "done"
    assert len(agent.log("move")) == 1


def test_a_stop_in_the_same_piece_as_an_order_is_not_outrun_by_it(talk):
    agent = talk("--motion-s", "20").hello()
    for turn in range(5):
        order, stop = agent.send(agent.act(f"m{turn}"), Stop("at once"))
        assert isinstance(agent.reply(order), Answer)
        assert agent.reply(stop).fields["stopped"] == "at once"
        assert agent.ended(f"m{turn}")["ended"] == "cut"
        assert "stopped" in agent.ask(agent.act(f"late{turn}")).sentence
        assert agent.ask(Release()).fields["stopped"] == ""


def test_a_stop_needs_no_hello_and_outlives_a_killed_agent(talk):
    agent = talk()
    assert isinstance(agent.ask(Stop("first")), Answer)
    agent.process.kill()
    agent.process.wait()
    again = talk().hello()
    assert "first" in again.ask(again.act()).sentence
    again.ask(Release())
    assert isinstance(again.ask(again.act("m2")), Answer)
    assert again.ended("m2")["ended"] == "done"


def test_a_silent_driver_s_motion_is_cut_and_the_next_order_moves_again(talk):
    agent = talk("--motion-s", "25", "--watchdog-s", "0.3").hello()
    agent.ask(agent.act())
    until(lambda: agent.log("cut"), "the watchdog stops the arm")
    end = agent.ended("m1")
    assert end["ended"] == "cut"
    assert "silent" in end["detail"]
    assert isinstance(agent.ask(agent.act("m2")), Answer)


def test_a_silent_driver_s_stop_can_be_made_to_need_a_release(talk):
    agent = talk("--motion-s", "25", "--watchdog-s", "0.3", "--silence-latches").hello()
    agent.ask(agent.act())
    until(lambda: agent.log("cut"), "the watchdog stops the arm")
    assert agent.ended("m1")["ended"] == "cut"
    assert "silent" in agent.ask(agent.act("m2")).sentence
    assert agent.ask(Release()).fields["stopped"] == ""


def test_a_camera_that_hangs_is_told_and_nothing_moves_blind(talk):
    agent = talk("--frozen-s", "0.5").hello()
    (agent.folder / "hung").touch()
    until(lambda: "no picture for" in agent.ask(Beat()).fields["camera"], "told")
    assert "blind" in agent.ask(agent.act()).sentence
    assert isinstance(agent.ask(Observe()), Failure)
    (agent.folder / "hung").unlink()
    until(lambda: not agent.ask(Beat()).fields["camera"], "it sees again")
    assert agent.log("move") == []


@pytest.mark.slow(6)
def test_heartbeats_keep_a_long_motion_going(talk):
    agent = talk("--motion-s", "4", "--watchdog-s", "3").hello()
    agent.ask(agent.act())
    assert agent.ended("m1")["ended"] == "done"


def test_an_abandoned_agent_lets_the_next_one_in(talk):
    first = talk("--abandoned-s", "0.5").hello()
    second = talk()
    refused = second.ask(Hello("another"))
    assert "driven by a test" in refused.sentence
    assert second.leave() == 3
    assert first.process.wait(PATIENCE_S) == 0
    talk().hello()


@pytest.mark.parametrize("seed", range(3))
def test_garbage_in_the_middle_of_a_motion_stops_the_arm_and_ends_the_agent(talk, seed):
    agent = talk("--motion-s", "20").hello()
    agent.ask(agent.act())
    until(lambda: agent.log("move"), "it moves")
    agent.raw(random.Random(seed).randbytes(300))
    assert agent.process.wait(PATIENCE_S) == 2
    assert len(agent.log("cut")) == len(agent.log("move")) == 1
    assert talk().hello().ask(Became(("m1",))).fields["motions"]["m1"]["ended"] == "cut"


@pytest.mark.parametrize("way", ["stream", "signal"])
def test_an_agent_that_ends_stops_its_arm_first(talk, way):
    agent = talk("--motion-s", "20").hello()
    agent.ask(agent.act())
    until(lambda: agent.log("move"), "it moves")
    agent.process.send_signal(signal.SIGTERM) if way == "signal" else agent.process.stdin.close()
    assert agent.process.wait(PATIENCE_S) == 0
    assert len(agent.log("cut")) == 1


def test_a_dry_run_checks_and_moves_nothing(talk):
    agent = talk("--dry-run").hello()
    assert "dry run" in agent.ask(agent.act()).sentence
    assert "leaves workspace" in agent.ask(agent.act("m2", end=(0.4, 0.0))).sentence
    assert agent.log("move") == []


def test_pictures_come_when_asked_for_and_ten_times_a_second_when_subscribed(talk):
    agent = talk().hello()
    observed = agent.ask(Observe())
    assert from_jpeg(observed.payload).shape == (48, 64, 3)
    agent.ask(Subscribe(10.0))

    agent.beats_until(lambda: len(agent.pictures()) >= 5, "pictures")
    stamps = [event.fields["captured_at"] for event in agent.pictures()]
    assert stamps == sorted(set(stamps))
    assert stamps[-1] - stamps[0] > 0.3


def test_a_driver_that_falls_behind_gets_fewer_pictures_not_older_ones(talk):
    agent = talk().hello()
    agent.ask(Subscribe(10.0))
    until(
        lambda: agent.ask(Beat()) and len(agent.pictures()) == MOST_UNDER_WAY, "as many as may be under way"
    )
    asked = agent.clock()
    until(lambda: agent.clock() > asked + 0.5, "time for more of them")
    assert len(agent.pictures()) == MOST_UNDER_WAY
    agent.ask(Beat(MOST_UNDER_WAY))
    until(lambda: agent.ask(Beat()) and len(agent.pictures()) > MOST_UNDER_WAY, "another")
    assert agent.pictures()[-1].fields["captured_at"] > asked + 0.5


def test_answers_go_to_their_requests_by_number(talk):
    agent = talk().hello()
    numbers = agent.send(*[Observe() if index % 3 else Beat() for index in range(60)])
    for index, number in enumerate(reversed(numbers)):
        reply = agent.reply(number)
        assert bool(reply.payload) == bool((59 - index) % 3)


def test_a_reset_prompt_is_told_to_whoever_is_there(talk):
    agent = talk().hello()
    assert isinstance(agent.ask(ResetPrompt("put the block back")), Answer)


def test_a_damaged_journal_is_named_and_nothing_moves(talk):
    agent = talk().hello()
    agent.ask(agent.act())
    agent.ended("m1")
    assert agent.leave() == 0
    journal = agent.folder / "agent" / "motions.jsonl"
    journal.write_bytes(b"nonsense\n" + journal.read_bytes())
    again = talk()
    assert again.process.wait(PATIENCE_S) != 0
    assert len(again.log("move")) == 1


def test_a_line_cut_short_by_a_crash_had_not_begun(talk):
    agent = talk().hello()
    agent.ask(agent.act())
    agent.ended("m1")
    agent.leave()
    with open(agent.folder / "agent" / "motions.jsonl", "ab") as file:
        file.write(b'{"motion": "m2", "end')
    again = talk().hello()
    fates = again.ask(Became(("m1", "m2"))).fields["motions"]
    assert (fates["m1"]["ended"], fates["m2"]["ended"]) == ("done", "never")
    assert isinstance(again.ask(again.act("m2")), Answer)
    assert again.ended("m2")["ended"] == "done"


def test_a_stop_is_quick_while_pictures_pour(talk):
    agent = talk("--motion-s", "20").hello()
    agent.ask(Subscribe(10.0))
    agent.ask(agent.act())
    until(lambda: agent.log("move"), "it moves")
    asked = time.monotonic()
    agent.ask(Stop("now"))
    assert agent.log("stop")[0]["at"] - asked < 5.0
