"""Examples in docstrings run, and every exported name says what it is."""

import doctest
import inspect
import pkgutil
from importlib import import_module

import pytest

import policy

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
