"""Claims of a paper get one word each, by one rule, and never without enough values."""

import pytest

from iifl_server.experiments.claims import more, within


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ([10.0, 11.0, 12.0], [5.0, 5.0, 6.0], "reproduced"),
        ([5.0, 5.0, 6.0], [10.0, 11.0, 12.0], "opposite"),
        ([10.0, 2.0, 6.0], [5.0, 5.0, 6.0], "underpowered"),
        ([10.0], [5.0], "underpowered"),
        ([], [], "underpowered"),
        ([5.0, 5.0, 5.0], [5.0, 5.0, 5.0], "underpowered"),
    ],
)
def test_more_needs_an_interval_that_leaves_out_zero(
    one: list[float], other: list[float], verdict: str
) -> None:
    assert more("x", one, other).verdict == verdict


@pytest.mark.parametrize(
    ("paper", "verdict"), [(1.75, "reproduced"), (2.1, "reproduced"), (1.2, "stronger"), (4.0, "weaker")]
)
def test_the_papers_factor_decides_between_weaker_and_stronger(paper: float, verdict: str) -> None:
    claim = more("x", [18.0, 20.0, 22.0], [10.0, 10.0, 10.0], paper=paper)
    assert claim.verdict == verdict
    assert "factor 2" in claim.found


def test_as_much_counts_where_it_is_claimed() -> None:
    assert more("x", [5.0, 5.0, 5.0], [5.0, 5.0, 5.0], equal=True).verdict == "reproduced"
    assert more("x", [4.0, 5.0, 5.0], [3.0, 3.0, 3.0], factor=2.0).verdict == "opposite"


def test_a_range_holds_for_every_seed_or_is_not_reproduced() -> None:
    assert within("x", [0.0, 0.0, 0.0], 0.0, 5.0).verdict == "reproduced"
    assert within("x", [0.0, 0.0, 6.0], 0.0, 5.0).verdict == "underpowered"
    assert within("x", [7.0, 8.0, 6.0], 0.0, 5.0).verdict == "opposite"
    assert within("x", [0.0], 0.0, 5.0).verdict == "underpowered"
    assert "reproduced" in within("x", [1.0, 2.0], 0.0, 5.0).sentence
