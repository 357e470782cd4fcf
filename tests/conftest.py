"""What tests of several rooms share: a browser, the arithmetic of other processors, what tests cost."""

import shutil
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from iifl_server.processes.chromium import find_chromium

pytest.register_assert_rewrite("robots.conformance")
collect_ignore = ["outside_package"]
"""A package of somebody else's, whose tests run where it is installed."""
PROCESSORS = ("this", "bfloat16", "rounding")
SHOWN = 20
STATED_FROM_S = 10.0
"""A test that takes longer states its cost."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for each file: while it runs, no other event loop can, so it must not outlive its tests."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def rails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to put on the path, with the package from outside in it as pip would install it."""
    source, folder = Path(__file__).parent / "outside_package", tmp_path_factory.mktemp("installed")
    shutil.copytree(source / "rails", folder / "rails", ignore=shutil.ignore_patterns("__pycache__"))
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    _register(folder, project["name"], project["entry-points"]["iifl.tasks"])
    return folder


@pytest.fixture(scope="session")
def register() -> Callable[[Path, str, dict[str, str]], None]:
    """(folder, package, name → place): leaves there what an installed package is found by."""
    return _register


def _register(folder: Path, package: str, tasks: dict[str, str]) -> None:
    about = folder / f"{package}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    points = "\n".join(f"{name} = {place}" for name, place in tasks.items())
    (about / "entry_points.txt").write_text(f"[iifl.tasks]\n{points}\n")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--processor",
        choices=PROCESSORS,
        default="this",
        help="whose arithmetic to test with: tests/README.md",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Fixtures, too, compute as on the processor that was asked for."""
    chosen = item.config.getoption("--processor")
    if chosen == "this":
        return (yield)
    from processors import as_if  # Here, since torch takes long to import.

    with as_if(bfloat16=chosen == "bfloat16", rounding=chosen == "rounding"):
        return (yield)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Slow tests say what they cost; the figure travels to the summary with the test's report."""
    mark = item.get_closest_marker("slow")
    if mark is None:
        return
    if len(mark.args) != 1 or not isinstance(mark.args[0], int | float):
        raise pytest.UsageError(f"{item.nodeid} is marked slow without its seconds, as in slow(30)")
    item.user_properties.append(("stated_s", float(mark.args[0])))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The slowest tests beside what they state, fixtures counted where they were made."""
    took: Counter[str] = Counter()
    stated: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                took[report.nodeid] += report.duration
                if cost := dict(report.user_properties).get("stated_s"):
                    stated[report.nodeid] = float(str(cost))
    if not took:
        return
    terminalreporter.section(f"slowest {SHOWN} of {sum(took.values()):.0f} s in all")
    for test, seconds in took.most_common(SHOWN):
        says = (
            f"states {stated[test]:.0f} s" if test in stated else "states nothing" * (seconds > STATED_FROM_S)
        )
        terminalreporter.line(f"{seconds:7.1f} s  {says:<14}  {test}")
