"""Orders and reports as RAPID values, and the module that reads and writes them."""

import re

import pytest

from robots.remote.side import Reach, SideError
from robots.yumi.handshake import (
    LARGEST_NUMBER,
    MODULE,
    PROTOCOL,
    Order,
    Report,
    Result,
    next_number,
    numbers_of,
)
from robots.yumi.twin import arm
from robots.yumi.twin.symbols import SOURCE, SymbolError, Symbols

TEXT = SOURCE.read_text(encoding="ascii")


def test_an_order_survives_its_way_to_rapid() -> None:
    order = Order(7_999_999, LARGEST_NUMBER, Reach((0.1234, -0.2), (-0.05, 0.0005), 0.075))
    read = Order.of(order.value())
    assert read[:2] == order[:2]
    assert [*read.reach.begin, *read.reach.end, read.reach.speed] == pytest.approx(
        [0.1234, -0.2, -0.05, 0.0005, 0.075], abs=1e-9
    )


def test_a_report_survives_its_way_from_rapid() -> None:
    assert Report.of("[12, 34,1]") == Report(12, 34, 1)
    assert Report.of(Report(12, LARGEST_NUMBER, 8).value()) == Report(12, LARGEST_NUMBER, 8)


@pytest.mark.parametrize(
    "value", ["", "TRUE", "1,2,3", "[1,2]", "[1,2,3,4]", "[1,2,x]", "[1,2,nan]", "[1,2,inf]"]
)
def test_anything_else_is_no_report(value: str) -> None:
    with pytest.raises(SideError, match="3 numbers in brackets"):
        Report.of(value)


def test_only_a_motion_that_was_carried_out_has_no_sentence() -> None:
    assert Report(1, 1, Result.DONE).sentence() == ""
    sentences = {Report(1, 1, result).sentence() for result in Result if result is not Result.DONE}
    assert len(sentences) == len(Result) - 1
    assert "result 99" in Report(1, 1, 99).sentence()


def test_numbers_only_grow_and_end_where_rapid_counts_no_further() -> None:
    assert next_number() == 1
    assert next_number(3, 17, 5) == 18
    with pytest.raises(SideError, match="beyond what RAPID counts"):
        next_number(LARGEST_NUMBER)


def test_the_module_declares_the_records_that_are_written() -> None:
    assert f"MODULE {MODULE}\n" in TEXT
    fields = {name: re.findall(r"^\s+(?:num|dnum) (\w+);", body, re.M) for name, body in _records()}
    assert fields["iiflorder"] == ["session", "number", "begin_x", "begin_y", "end_x", "end_y", "speed"]
    assert fields["iiflreport"] == ["session", "number", "result"]
    symbols = Symbols()
    assert int(symbols.number("iifl_protocol")) == PROTOCOL
    assert len(numbers_of(symbols.read("iifl_order"), 7)) == 7
    for name in ("iifl_begun", "iifl_report"):
        assert Report.of(symbols.read(name)) == Report(0, 0, 0)
    assert symbols.number("iifl_request") == symbols.number("iifl_stop") == 0


def test_every_task_has_variables_of_its_own() -> None:
    assert not re.search(r"^\s*PERS", TEXT, re.M)


def test_the_module_and_the_agent_give_results_the_same_numbers() -> None:
    told = {name: int(number) for name, number in re.findall(r"LOCAL CONST num (\w+):=(\d+);", TEXT)}
    assert {result.name: int(result) for result in Result}.items() <= told.items()
    assert told["LONGEST_PAUSE"] == arm.LONGEST_PAUSE_S


def test_the_module_s_blocks_end_and_its_names_are_short_enough_for_rapid() -> None:
    code = "\n".join(line.split("!")[0] for line in TEXT.splitlines())
    for block in ("PROC", "FUNC", "TRAP", "RECORD", "MODULE"):
        begins = len(re.findall(rf"^\s*(?:LOCAL )?{block} ", code, re.M))
        assert begins == len(re.findall(rf"^\s*END{block}\b", code, re.M)) > 0
    assert len(re.findall(r"\bTHEN\s*$", code, re.M)) == len(re.findall(r"\bENDIF\b", code))
    assert max(len(word) for word in re.findall(r"\w+", code)) <= 32


def test_variables_take_only_values_of_their_type() -> None:
    symbols = Symbols()
    symbols.write("iifl_request", "12")
    symbols.write("iifl_calibrated", "FALSE")
    for name, value in (
        ("iifl_request", "[12]"),
        ("iifl_request", "twelve"),
        ("iifl_calibrated", "1"),
        ("iifl_order", "[1,2,3]"),
        ("iifl_order", "[1,2,3,4,5,6,nan]"),
        ("iifl_nothing", "1"),
    ):
        with pytest.raises(SymbolError):
            symbols.write(name, value)
    assert symbols.read("iifl_request") == "12"


def _records() -> list[tuple[str, str]]:
    return re.findall(r"RECORD (\w+)\n(.*?)ENDRECORD", TEXT, re.S)
