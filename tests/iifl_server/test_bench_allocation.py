"""`./iifl bench allocation`: both arms agree in every step, and the figures are those that are promised."""

import numpy as np
import pytest

from iifl_server.experiments.performance import allocation
from iifl_server.experiments.performance.allocation import measure, plain_assignment, plain_priorities
from iifl_server.experiments.performance.common import Options


def test_the_figures_of_a_small_run_have_the_promised_names() -> None:
    lines: list[str] = []
    figures = allocation.run(Options(scale="smoke", repeats=1), lines.append)
    assert set(figures["sizes"]) == {"100", "1000"}
    for row in figures["sizes"].values():
        assert row["ratio"] == pytest.approx(row["baseline_s"] / row["ours_s"])
    assert figures["ratio"] == figures["sizes"]["1000"]["ratio"]
    assert any("priorities are" in line for line in lines)


def test_a_disagreement_between_the_two_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocation, "assign", lambda priorities, *_: np.full(len(priorities), -1))
    with pytest.raises(AssertionError, match="differ"):
        measure(1_000, Options(repeats=1), lambda _: None)


def test_the_plain_method_serves_the_most_urgent_and_keeps_who_is_locked() -> None:
    priorities = plain_priorities([0.1, 5.0, 9.0, 2.0], [False] * 4, [-1] * 4, 1.0)
    assert priorities == [0.0, 6.0, 10.0, 3.0]
    assert plain_assignment(priorities, [0, -1, -1, -1], [True, False, False, False], [True, True]) == [
        0,
        -1,
        1,
        -1,
    ]
