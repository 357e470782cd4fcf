"""Every option of every command: numbers at their edges, and names that are those of the registries."""

import argparse
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from iifl_server.experiments.results import read_json, write_json
from iifl_server.management.arguments import COMMANDS, parser_of
from iifl_server.management.arguments.numbers import SEED, number, whole
from iifl_server.management.base import IIFLCommand
from iifl_server.names import SUPERVISOR_TASKS, TASKS
from robots.registry import task_names
from robots.supervisors.ppo_recipes import RECIPES

ROOT = Path(__file__).parents[2]
EVERY = [*COMMANDS, "give-up-weights"]
EDGES = ["0", "-1", "1e400", "-1e400", "nan", "inf", "-inf", "text", "", " ", "1_000", "٣", "0x10", "9" * 400]
EDGES += [str(2**53), str(2**63), str(2**64), "1.5", "1e3", "1e-400"]
WORDS = ("--host", "--backend", "--arms", "rest")
"""Options that take any text."""


def options() -> list[tuple[str, argparse.Action]]:
    found = []
    for command in EVERY:
        for action in parser_of(command)._actions:
            if action.nargs != 0 and action.choices is None:
                found.append((command, action))
    return found


def test_every_option_that_is_no_name_has_a_type_that_says_what_is_valid() -> None:
    loose = [
        f"{command} {action.option_strings or action.dest}"
        for command, action in options()
        if action.type in (None, int, float, str) and not {*action.option_strings, action.dest} & set(WORDS)
    ]
    assert loose == []


@pytest.mark.parametrize("text", EDGES)
def test_numbers_at_their_edges_are_taken_or_refused_in_a_sentence(text: str) -> None:
    for command, action in options():
        kind = action.type
        if not callable(kind) or kind.__module__ != "iifl_server.management.arguments.numbers":
            continue
        taken, refused = outcome(kind, text)
        if refused:
            assert "valid is a" in refused, (command, action.dest)
            assert len(refused) < 200
        else:
            assert math.isfinite(taken), (command, action.dest)
            assert abs(taken) < 2**53


def outcome(kind: Callable[[str], float], text: str) -> tuple[float, str]:
    """What a type of argument makes of a text: a number, or the sentence that refuses it."""
    try:
        return kind(text), ""
    except argparse.ArgumentTypeError as error:
        return 0.0, str(error)


@pytest.mark.parametrize(
    "words",
    [
        ["simulate", "block_push", "--out", "OUT", "--seed", "9223372036854775808"],
        ["simulate", "block_push", "--out", "OUT", "--threshold", "inf"],
        ["simulate", "block_push", "--out", "OUT", "--threads", "1e400"],
        ["bench", "sampler", "--repeats", "0"],
        ["demo", "--pace", "nan"],
        ["train-policy", "block_push", "--percentile", "101"],
    ],
)
def test_a_wrong_number_ends_with_2_and_names_value_and_what_is_valid(
    words: list[str], tmp_path: Path
) -> None:
    words = [str(tmp_path) if word == "OUT" else word for word in words]
    answer = subprocess.run([str(ROOT / "iifl"), *words], capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert words[-1] in answer.stderr
    assert "valid is a" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_ranges_take_their_ends_or_leave_them_out() -> None:
    assert [whole(1, 3)(text) for text in ("1", "3", "+2")] == [1, 3, 2]
    assert SEED(str(2**53 - 1)) == 2**53 - 1
    assert number(0, 1)("1") == 1.0
    for refused in (number(0, 1, above=True), number(-1, 0, below=True)):
        with pytest.raises(argparse.ArgumentTypeError, match="valid is a number"):
            refused("0")


def test_names_are_those_of_the_registries() -> None:
    assert set(TASKS) == set(task_names())
    assert set(SUPERVISOR_TASKS) == set(RECIPES)


def test_the_launchers_options_are_those_of_the_commands() -> None:
    from django.core.management import get_commands, load_command_class

    for command in EVERY:
        app = get_commands()[command]
        loaded = load_command_class(str(app), command)
        assert isinstance(loaded, IIFLCommand)
        assert loaded.help == parser_of(command).description


def test_options_are_known_without_loading_anything_heavy() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from iifl_server.management.arguments import COMMANDS, parser_of\n"
        "[parser_of(name).format_help() for name in COMMANDS]\n"
        "print({'torch', 'django', 'numpy', 'celery'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False)
    assert answer.stdout.strip() == "set()", answer.stderr


def test_json_never_holds_what_json_does_not_know(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"a": math.inf, "b": [math.nan, 1.5], "c": {"d": -math.inf}})
    assert read_json(tmp_path / "a.json") == {"a": None, "b": [None, 1.5], "c": {"d": None}}
    (tmp_path / "a.json").write_text('{"a": ')
    assert read_json(tmp_path / "a.json") is None
    assert read_json(tmp_path / "gone.json") is None
