"""What the documents say is so."""

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import CommandError, load_command_class

from iifl_server.management.arguments import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
README_COMMANDS = re.findall(r"^\./iifl +([^#\n]*)", (ROOT / "README.md").read_text(), re.M)


def test_the_readme_shows_commands() -> None:
    assert {"demo", "test", "simulate", "benchmark"} <= {line.split()[0] for line in README_COMMANDS}


@pytest.mark.parametrize("line", README_COMMANDS)
def test_every_command_of_the_readme_is_one_that_the_command_line_takes(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # output folders are made where the command runs
    name, *arguments = shlex.split(line)
    assert name in COMMANDS
    parser = load_command_class("iifl_server", name).create_parser("manage.py", name)
    parser.parse_args(arguments)


def test_every_command_of_the_launcher_exists() -> None:
    for name in COMMANDS:
        load_command_class("iifl_server", name)


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", *map(str, Path("docs").rglob("*.md"))])
def test_links_and_pictures_lead_somewhere(document: str) -> None:
    path = ROOT / document
    for target in re.findall(r"\]\(([^)#]+)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_rooms_of_the_architecture_exist() -> None:
    for room in re.findall(r"^\| `([a-z_/.]+)`", (ROOT / "ARCHITECTURE.md").read_text(), re.M):
        found = [base for base in (ROOT, ROOT / "policy", ROOT / "robots") if (base / room).exists()]
        assert found, room


def test_requirements_are_pinned() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            assert not line.strip() or line.startswith(("#", "-r")) or "==" in line, line


@pytest.mark.parametrize("command", ["bench sampler", "benchmark block_push", "simulate block_push --out ."])
def test_a_file_for_figures_that_cannot_be_written_is_refused_before_the_work(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name, *arguments = shlex.split(command)
    parser = load_command_class("iifl_server", name).create_parser("manage.py", name)
    (tmp_path / "file").touch()
    for target, words in (("file/figures.json", "cannot write into"), (".", "is a folder")):
        with pytest.raises(CommandError, match=words):
            parser.parse_args([*arguments, "--json", target])
    assert parser.parse_args([*arguments, "--json", "new/figures.json"]).json == tmp_path / "new/figures.json"
