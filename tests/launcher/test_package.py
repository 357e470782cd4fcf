"""`pip install .`: the package holds everything that the rooms of the checkout hold, and the command."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("iifl_server", "policy", "robots", "frontend")


def tracked() -> list[str]:
    """Files of the project, as git knows them."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this copy of the project is no git checkout")
    return [name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


@pytest.mark.slow(20)
def test_the_wheel_holds_every_file_of_the_rooms_and_the_command(tmp_path: Path) -> None:
    source, names = tmp_path / "source", tracked()
    for name in names:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", str(tmp_path), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode and any(sign in built.stderr for sign in ("NewConnectionError", "No matching dist")):
        pytest.skip("what builds packages cannot be fetched here")
    assert built.returncode == 0, built.stderr[-2000:]
    with zipfile.ZipFile(next(tmp_path.glob("iifl-*.whl"))) as wheel:
        inside = set(wheel.namelist())
        about = next(name for name in inside if name.endswith("entry_points.txt"))
        assert "iifl = iifl_server.__main__:iifl" in wheel.read(about).decode()
        needs = wheel.read(about.replace("entry_points.txt", "METADATA")).decode()
    assert {name for name in names if name.startswith(tuple(f"{room}/" for room in ROOMS))} - inside == set()
    assert not [name for name in inside if name.startswith(("tests/", "docs/", "build/"))]
    assert needs.count("Requires-Dist") == sum(
        1 for line in (ROOT / "requirements.txt").read_text().splitlines() if line and line[0] not in "#-"
    )


def test_the_installed_command_answers_as_the_launcher_does() -> None:
    def call(*words: str) -> subprocess.CompletedProcess[str]:
        code = "from iifl_server.__main__ import iifl; iifl()"
        return subprocess.run(
            [sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, check=False
        )

    assert "train-policy" in call().stdout
    assert "usage: " in call("demo", "--help").stdout
    for words in (("dmeo",), ("demo", "--robots", "0")):
        refused = call(*words)
        assert refused.returncode == 2
        assert "valid" in refused.stderr
        assert "Traceback" not in refused.stderr
