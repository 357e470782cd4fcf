"""`./iifl bench timing`: what is fast is repeated, what is slow is not, and the table says so."""

import pytest

from iifl_server.bench import timing
from iifl_server.bench.common import Options


class Clock:
    """Advances by as much as each piece of work says."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        """Seconds."""
        return self.now


@pytest.mark.parametrize(
    ("each_s", "repeats", "expected"), [(1.0, 5, 20), (8.0, 5, 3), (16.0, 5, 1), (900.0, 5, 1), (1.0, 1, 4)]
)
def test_work_is_repeated_while_it_fits(
    monkeypatch: pytest.MonkeyPatch, each_s: float, repeats: int, expected: int
) -> None:
    clock = Clock()
    monkeypatch.setattr(timing, "time", clock)

    def work(seed: int) -> int:
        clock.now += each_s
        return seed

    found = timing.repeated(work, Options(seed=7, repeats=repeats), budget_s=30.0)
    assert found == list(range(7, 7 + expected))


def test_one_value_has_no_standard_deviation() -> None:
    once, twice = timing.summary("a", [2.0]), timing.summary("b", [2.0, 4.0])
    rows = timing.lines({"a": once, "b": twice})[2:]
    assert rows == ["| a |  | 2.0000 | 1 |", "| b |  | 3.0000 ± 1.4142 | 2 |"]
