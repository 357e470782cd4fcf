"""What `./iifl doctor` says about pictures."""

import pytest

from iifl_server.management.commands import doctor
from robots.backends import opengl
from robots.backends.opengl import Choice


@pytest.mark.parametrize(
    ("choice", "good", "said", "mend"),
    [
        (Choice("osmesa", "osmesa: llvmpipe"), True, "rendered by osmesa: llvmpipe", False),
        (Choice(None, "egl: ImportError: no such library", tried=True), None, "no such library", True),
        (Choice(None, "MUJOCO_GL is 'nonsense'"), None, "MUJOCO_GL is 'nonsense'", False),
        (Choice(None, "MUJOCO_GL is off", wanted=False), None, "MUJOCO_GL is off", False),
    ],
)
def test_it_says_what_draws_pictures_or_the_mend(
    choice: Choice, good: bool | None, said: str, mend: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opengl, "chosen", lambda: choice)
    name, verdict, text = doctor._pictures()
    assert (name, verdict) == ("pictures", good)
    assert said in text
    assert ("apt-get install" in text) == mend


def test_it_is_one_of_the_checks(db: None) -> None:
    assert "pictures" in {name for name, *_ in doctor.checks()}
