"""`--fleet`: arms of a fleet file behind a run, and a site of twins that is started for one."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from iifl_server.management.arguments.demo import SIZE, TASK
from iifl_server.management.arguments.places import TWIN
from iifl_server.management.base import BAD_USAGE
from iifl_server.processes.children import Child, Children

FOLDER = "yumi-twin"
"""Of the twins, in the data folder."""
TWIN_ARMS = 4
READY_WITHIN_S = 120.0


def choose(options: dict[str, Any], data: Path) -> None:
    """Fill in task, robots and fleet file.

    Raises CommandError for a task or a number of robots beside a fleet, SettingsError for an unusable file.
    """
    options["fleet_file"] = ""
    if options["fleet"] in (None, TWIN):
        options.setdefault("people", 1)
    options.setdefault("people", options["supervisors"])  # No algorithm moves real arms unasked.
    if options["fleet"] is None:
        options.setdefault("task", TASK)
        options.setdefault("robots", SIZE)
        return
    for name in ("task", "robots"):
        if name in options:
            raise CommandError(
                f"--{name} {options[name]} and --fleet {options['fleet']} do not go together: the fleet "
                f"says its own {name}; leave --{name} out",
                returncode=BAD_USAGE,
            )
    from robots.yumi.tasks import PUSH

    if options["fleet"] == TWIN:
        options["fleet_file"] = f"{FOLDER}/fleet.toml"
        options["task"], options["robots"] = PUSH, TWIN_ARMS
        return
    file = Path(options["fleet"]).absolute()
    options["fleet_file"] = os.path.relpath(file, data)
    if file.is_dir():
        from robots.remote.chunks import about_record

        about = about_record(file)
        options["task"], options["robots"] = about["task"], len(about["arms"])
        return
    from robots.remote.settings import read_fleet_file

    fleet = read_fleet_file(file)
    options["task"], options["robots"] = fleet.task, len(fleet.arms)


def start_twins(children: Children, data: Path, say: Callable[[str], None], stopping: list[int]) -> None:
    """Start the site of twins and wait until its fleet file is there."""
    folder = data / FOLDER
    file = folder / "fleet.toml"
    file.unlink(missing_ok=True)
    say("Starting two simulated YuMis, their machines and agents ...")
    children.start(Child("twins", [sys.executable, "-m", "robots.yumi.twin.site", str(folder)]))
    deadline = time.monotonic() + READY_WITHIN_S
    while not file.exists() and not stopping:
        for event in children.watch():
            say(f"  {event}")
        if time.monotonic() > deadline:
            raise CommandError(
                f"the twins were not ready within {READY_WITHIN_S:.0f} s; see {children.log_of('twins')}"
            )
        time.sleep(0.2)
