"""`./iifl doctor`: what is installed, reachable and missing, with the mend."""

import os
import platform
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from packaging.requirements import Requirement

from iifl_server import environment
from iifl_server.management.arguments import CALLED
from iifl_server.management.arguments import doctor as options
from iifl_server.management.base import IIFLCommand
from iifl_server.processes.chromium import find_chromium
from robots.backends import opengl

LEAST_FREE_GB = 2.0
RENDERING = "Debian: apt-get install libegl1 libegl-mesa0 libgl1-mesa-dri libosmesa6 libopengl0 libgl1"
"""What machines without a graphics card lack for rendering."""
INSTALL = "remove .venv and start any ./iifl command" if CALLED == "./iifl" else "install the package again"
Check = tuple[str, bool | None, str]
"""What was looked at; True, False, or None where something optional is missing; finding or mend."""


class Command(IIFLCommand):
    options = options

    def run(self, **options: Any) -> None:
        failed = 0
        for name, good, text in checks():
            mark = {True: "ok     ", False: "MISSING", None: "without"}[good]
            self.stdout.write(f"{mark}  {name:<12} {text}")
            failed += good is False
        if failed:
            raise CommandError(f"{failed} of these must be mended")


def checks() -> Iterator[Check]:
    """Every check in turn; none of them changes anything."""
    trials = threading.Thread(target=opengl.chosen, daemon=True)  # They take a second, beside other checks.
    trials.start()
    yield from _settings()
    yield ("python", sys.version_info >= (3, 11), f"{platform.python_version()} on {platform.platform()}")
    yield _packages()
    yield _accelerator()
    trials.join()
    yield _pictures()
    yield _guarded("data", _data_folder)
    yield _guarded("database", _database)
    yield _broker()
    yield from _tasks()
    yield _weights()
    yield _guarded("runs", _runs)
    chromium = find_chromium()
    yield (
        "chromium",
        True if chromium else None,
        chromium or "browser tests are skipped; Debian: apt-get install chromium",
    )
    node = shutil.which("node")
    yield (
        "node",
        True if node else None,
        node or "tests of the JavaScript codec are skipped; Debian: apt-get install nodejs",
    )


def _settings() -> Iterator[Check]:
    for sentence in settings.COMPLAINTS:
        yield ("settings", False, sentence)
    for name in environment.unknown():
        yield ("settings", None, f"{name} is set and means nothing here; docs/settings.md has all names")


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except (DatabaseError, OSError) as error:
        return (name, False, f"{error}")


def _packages() -> Check:
    wrong = []
    for line in _required():
        wanted = Requirement(line)
        try:
            found = version(wanted.name)
        except PackageNotFoundError:
            found = "nothing"
        if not (found != "nothing" and wanted.specifier.contains(found, prereleases=True)):
            wrong.append(f"{wanted} (found {found})")
    if wrong:
        return ("packages", False, f"{', '.join(wrong)}; {INSTALL}")
    return ("packages", True, "as pinned in requirements.txt")


def _required() -> list[str]:
    listed = Path(settings.REPOSITORY) / "requirements.txt"
    if not listed.exists():  # Installed as a package, which knows what it needs.
        return [line for line in requires("iifl") or [] if "extra ==" not in line]
    lines = (line.strip() for line in listed.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _accelerator() -> Check:
    """Loads torch, a second or more, only where its build knows GPUs at all."""
    build, name = version("torch"), None
    if not build.endswith("+cpu"):
        import torch

        name = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    text = f"torch {build} runs on the CPU ({os.cpu_count()} cores)"
    return ("gpu", True if name else None, name or text)


def _pictures() -> Check:
    choice = opengl.chosen()
    if choice.kind:
        return ("pictures", True, f"of MuJoCo's robots are rendered by {choice.text}")
    mend = f"; {RENDERING}" if choice.tried else ""
    return ("pictures", None, f"of MuJoCo's robots are schematics ({choice.text}){mend}")


def _data_folder() -> Check:
    data = Path(settings.DATA)
    free = shutil.disk_usage(data).free / 1e9
    return ("data", free > LEAST_FREE_GB, f"{data}, {free:.0f} GB free")


def _database() -> Check:
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite" and not Path(name).exists():
        return ("database", None, f"{name} is made at the first start")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ("database", True, f"{connection.vendor}: {name}")


def _broker() -> Check:
    import redis

    from iifl_server.brokers import broker_client

    try:
        broker_client().ping()
    except redis.RedisError as error:
        return ("broker", None, f"does not answer ({error}); {CALLED} demo starts its own")
    return ("broker", True, "answers")


def _tasks() -> Iterator[Check]:
    """What installed packages bring; nothing where none brings any."""
    from robots.fleet import RobotsError
    from robots.lookup import find, outside

    sound = []
    for name in outside():
        try:
            find(name)
            sound.append(name)
        except RobotsError as error:
            yield ("tasks", False, str(error))
    if sound:
        yield ("tasks", True, f"of installed packages: {', '.join(sound)}")


def _weights() -> Check:
    from iifl_server.learning.initial import made_here, read_shipped, shipped_checkpoint
    from policy.errors import CheckpointError
    from robots.registry import outside_names, task_names

    ship: list[str] = []
    made: list[str] = []
    later: list[str] = []
    damaged: list[str] = []
    for task in (*task_names(), *outside_names()):
        try:
            path = shipped_checkpoint(task)
        except CheckpointError:
            later.append(task)
            continue
        try:
            read_shipped(path)
            (made if path.parent == made_here(task) else ship).append(task)
        except CheckpointError as error:
            damaged.append(str(error))
    if damaged:
        return ("weights", False, "; ".join(damaged))
    found = (("shipped", ship), ("made here", made), ("made when first needed", later))
    return ("weights", True, "; ".join(f"{how}: {', '.join(tasks)}" for how, tasks in found if tasks))


def _runs() -> Check:
    """Whether the weights of runs that are not over are there."""
    from iifl_server.fleets.models import Run, RunStatus
    from iifl_server.learning.stored import AwayError, sound_file
    from policy.errors import CheckpointError

    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        return ("runs", True, "none yet")
    wrong = []
    open_runs = Run.objects.exclude(status=RunStatus.ENDED).select_related("checkpoint")
    for run in open_runs:
        assert run.checkpoint is not None
        try:
            sound_file(run.checkpoint.path, run.checkpoint.sha256)
        except (AwayError, CheckpointError) as error:
            lost = f"; lost for good: {CALLED} manage give-up-weights {run.pk} {run.checkpoint.version}"
            wrong.append(f"run {run.pk}: {error}" + (lost if run.checkpoint.version > 1 else ""))
    if wrong:
        return ("runs", False, "; ".join(wrong))
    return ("runs", True, f"{len(open_runs)} not over, their weights are there")
