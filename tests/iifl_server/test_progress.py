"""Long work is never silent: a bar on a terminal, a line every ten seconds anywhere else."""

import io
import os
import sys
from dataclasses import dataclass, field

import pytest

from iifl_server import interruption
from iifl_server.interruption import Interrupted
from iifl_server.progress import Shown, spelled


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Work:
    """Something that takes time, shown on a stream of ours."""

    stream: io.StringIO = field(default_factory=io.StringIO)
    clock: Clock = field(default_factory=Clock)

    def shown(self, total: float = 1.0) -> Shown:
        return Shown("steps", total, stream=self.stream, clock=self.clock)


def test_elsewhere_than_on_a_terminal_a_line_comes_every_ten_seconds_with_what_is_left() -> None:
    work = Work()
    with work.shown(100) as shown:
        for step in range(100):
            work.clock.now += 1.0
            shown.update(step + 1, f"step {step + 1}")
    lines = work.stream.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[0] == "steps: 10%, step 10, 2 min left"
    assert lines[-1] == "steps: done in 2 min"


def test_short_work_says_nothing_and_resumed_work_counts_from_where_it_was() -> None:
    work = Work()
    with work.shown() as shown:
        shown.update(0.5)
    assert work.stream.getvalue() == ""
    with work.shown() as shown:
        shown.update(0.8)
        work.clock.now += 20.0
        shown.update(0.9)
    assert "90%, 20 s left" in work.stream.getvalue()


def test_on_a_terminal_it_is_a_bar() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    with Shown("steps", 10, stream=stream) as shown:
        shown.update(10, "step 10")
    assert "steps: 100%" in stream.getvalue()


def test_a_terminal_that_does_not_know_its_size_has_a_bar_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("LINES", raising=False)
    reading, writing = os.openpty()  # 0 columns, 0 rows, as under `docker exec -t`.
    with os.fdopen(reading, "rb", buffering=0) as screen, os.fdopen(writing, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with Shown("steps", 10) as shown:
            shown.update(10, "step 10")
        terminal.flush()
        assert "steps:" in screen.read(4096).decode()


def test_an_interruption_that_somebody_swallowed_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruption, "_heard", [15])
    with pytest.raises(Interrupted) as ended, Work().shown() as shown:
        shown.update(0.5)
    assert ended.value.exit_code == 143


def test_durations_are_for_people() -> None:
    assert [spelled(seconds) for seconds in (0.4, 99, 150, 7200)] == ["0 s", "99 s", "2 min", "2.0 h"]
