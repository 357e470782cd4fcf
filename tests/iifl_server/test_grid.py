"""Pieces of work side by side: what follows waits, what fails is tried again and told, nothing is dropped."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from iifl_server.experiments.grid import ATTEMPTS, GridError, run_all


@dataclass(frozen=True)
class Piece:
    name: str
    folder: str
    follows: str = ""
    cost: float = 1.0
    fails: int = 0


def work(piece: Piece, followed: dict[str, Any] | None, progress: Any) -> dict[str, Any]:
    """Leaves a mark for every call; fails as often as it is told to."""
    marks = Path(piece.folder) / piece.name
    calls = len(marks.read_text()) if marks.exists() else 0
    marks.write_text("x" * (calls + 1))
    progress(0.5, "half")
    if calls < piece.fails:
        raise ValueError(f"call {calls}")
    return {"name": piece.name, "followed": followed and followed["name"]}


@pytest.mark.slow(12)
@pytest.mark.parametrize("workers", [0, 2])
def test_what_follows_gets_the_result_that_it_waits_for(workers: int, tmp_path: Path) -> None:
    pieces = [
        Piece("late", str(tmp_path), follows="early", cost=9.0),
        Piece("alone", str(tmp_path)),
        Piece("early", str(tmp_path)),
    ]
    said: list[tuple[float, str]] = []
    results = run_all(pieces, work, workers, lambda done, text: said.append((done, text)))
    assert {name: result["followed"] for name, result in results.items()} == {
        "late": "early",
        "alone": None,
        "early": None,
    }
    assert all(0 <= done <= 1 for done, _ in said)
    assert said[-1][1].startswith("2 of 3") or said[-1][1].startswith("3 of 3")


@pytest.mark.slow(12)
@pytest.mark.parametrize("workers", [0, 2])
def test_a_failure_is_tried_again_and_what_fails_for_good_is_told_while_others_go_on(
    workers: int, tmp_path: Path
) -> None:
    shaky = Piece("shaky", str(tmp_path), fails=ATTEMPTS - 1)
    assert run_all([shaky], work, workers, lambda *_: None)["shaky"]["name"] == "shaky"
    pieces = [
        Piece("broken", str(tmp_path), fails=99),
        Piece("behind it", str(tmp_path), follows="broken"),
        Piece("fine", str(tmp_path)),
    ]
    with pytest.raises(GridError) as told:
        run_all(pieces, work, workers, lambda *_: None)
    assert "2 of 3 failed" in str(told.value)
    assert "broken: ValueError: call 1" in str(told.value)
    assert "behind it: it needs broken" in str(told.value)
    assert (tmp_path / "fine").read_text() == "x"
    assert not (tmp_path / "behind it").exists()
