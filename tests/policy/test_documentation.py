"""Examples in docstrings run, and every exported name says what it is."""

import doctest
import inspect
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import policy

ROOT = Path(__file__).resolve().parents[2]
MODULES = ["policy", *(found.name for found in pkgutil.walk_packages(policy.__path__, "policy."))]
EXPORTS = [name for name in MODULES if hasattr(import_module(name), "__all__")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    failures, _ = doctest.testmod(import_module(name), verbose=False)
    assert failures == 0


def test_examples_are_found_at_all() -> None:
    counts = [
        sum(len(test.examples) for test in doctest.DocTestFinder().find(import_module(name)))
        for name in ("policy", "policy.uncertainty.jeffreys", "policy.uncertainty.partition")
    ]
    assert min(counts) > 2


@pytest.mark.parametrize("name", EXPORTS)
def test_exported_functions_and_classes_have_docstrings(name: str) -> None:
    module = import_module(name)
    exported = {public: getattr(module, public) for public in module.__all__}
    written = {
        own: value for own, value in exported.items() if inspect.isclass(value) or inspect.isroutine(value)
    }
    assert not [own for own, value in written.items() if not (value.__doc__ or "").strip()]


@pytest.mark.slow(8)
def test_the_guide_runs_from_top_to_bottom() -> None:
    failures, examples = doctest.testfile(str(ROOT / "docs" / "policy.md"), module_relative=False)
    assert failures == 0
    assert examples > 30


def test_the_front_of_the_library_offers_what_it_can_load_and_loads_nothing_before() -> None:
    assert set(policy.__all__) == set(policy._HOME_OF)
    assert all(hasattr(policy, name) for name in policy.__all__)
    check = (
        "import sys, policy; assert 'torch' not in sys.modules; policy.train; assert 'torch' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=True)
