"""The browser's codec and the pure decisions of the pages, run by node."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")


def node(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert NODE is not None
    return subprocess.run(
        [NODE, str(HERE / script), *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_every_example_reads_the_same_in_the_browser() -> None:
    done = node("replay.mjs")
    assert done.returncode == 0, done.stderr


def test_a_wrong_example_is_noticed(tmp_path: Path) -> None:
    for file in HERE.glob("*.json"):
        shutil.copy(file, tmp_path)
    examples = json.loads((HERE / "push.json").read_text())
    examples[0]["valid"] = False
    (tmp_path / "push.json").write_text(json.dumps(examples))
    done = node("replay.mjs", str(tmp_path))
    assert done.returncode == 1
    assert "push.json: a push: taken, but it is invalid" in done.stderr


def test_the_pages_decide_as_they_should() -> None:
    done = node("decisions.mjs")
    assert done.returncode == 0, done.stdout + done.stderr
