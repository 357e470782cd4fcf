"""How commands end: what the operating system or the database refuses is a sentence with a mend."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.db import DatabaseError

from iifl_server.management.arguments import doctor
from iifl_server.management.base import IIFLCommand


def ended(error: BaseException) -> str:
    class Failing(IIFLCommand):
        options = doctor

        def run(self, **options: Any) -> None:
            raise error

    with pytest.raises(CommandError) as caught:
        Failing().handle()
    assert caught.value.returncode == 1
    return str(caught.value)


def test_what_the_system_refuses_names_the_file_and_the_reason(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError) as refused:
        tmp_path.read_bytes()
    assert ended(refused.value).startswith(f"{tmp_path}: Is a directory; mend that")
    assert ended(OSError(28, "No space left on device")).startswith("No space left on device; mend that")


def test_a_database_that_cannot_be_used_is_named_with_the_mend() -> None:
    said = ended(DatabaseError("file is not a database"))
    assert "cannot be used (file is not a database)" in said
    assert "manage migrate" in said


def test_a_reader_that_left_is_no_failure() -> None:
    with pytest.raises(BrokenPipeError):
        ended(BrokenPipeError(32, "Broken pipe"))
