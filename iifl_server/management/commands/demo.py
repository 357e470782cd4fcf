"""`./iifl demo`: everything a supervised fleet needs, in one process group, until Ctrl-C."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import webbrowser
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from iifl_server.fleets.means import task_means
from iifl_server.learning.initial import made_here, shipped_checkpoint
from iifl_server.management import arms
from iifl_server.management.arguments import CALLED
from iifl_server.management.arguments import demo as options
from iifl_server.management.arguments.places import TWIN
from iifl_server.management.base import BAD_USAGE, IIFLCommand, manage
from iifl_server.names import PACE_S, PUSH_PACE_S
from iifl_server.processes.children import Child, Children, die_with_parent
from iifl_server.processes.datalock import DataInUse, claim_data
from iifl_server.processes.listening import (
    ListenError,
    answers_http,
    first_allowed,
    listen,
    names_of,
    reached_by,
)
from iifl_server.processes.valkey import ValkeyFailed, start_valkey
from policy.errors import CheckpointError
from robots.lookup import canonical

if TYPE_CHECKING:
    from iifl_server.accounts.demo import DemoAccounts

SERVING_WITHIN_S = 60.0
WATCH_EVERY_S = 0.2
LARGE = 20
"""Robots from which a fleet says what it costs."""
CALIBRATION = ("--robots", "10", "--steps", "50")
"""Of the threshold at a first start, as `learning/weights.py` has it, which is not loaded here for torch."""


class Command(IIFLCommand):
    options = options

    def run(self, **options: Any) -> None:
        data = Path(settings.DATA)
        arms.choose(options, data)
        _check(options)
        options["task"] = canonical(options["task"])
        options.setdefault("pace", PUSH_PACE_S if task_means(options["task"]).push else PACE_S)
        stopping = _stop_signals()
        try:
            lock = claim_data(data)
        except DataInUse as error:
            raise CommandError(str(error)) from None
        try:
            page = listen(options["host"], options["port"])
        except ListenError as error:
            lock.release()
            raise CommandError(str(error)) from None
        children = Children(data / "logs")
        try:
            with _uninterrupted(stopping):
                self._serve(children, data, page, options, stopping)
        except ValkeyFailed as error:
            raise CommandError(str(error)) from None
        finally:
            self._say("Stopping ...")
            children.stop_all()
            page.close()
            lock.release()
            self._say(
                f"Stopped. The next {CALLED} demo goes on where this one ended." if stopping else "Stopped."
            )

    def _serve(
        self,
        children: Children,
        data: Path,
        page: socket.socket,
        options: dict[str, Any],
        stopping: list[int],
    ) -> None:
        if not self._weights_are_there(options["task"], stopping):
            return
        self._tell_cost(options)
        self._say("Starting ...")
        environment = _environment(options)
        os.environ.update(environment)
        broker = start_valkey(children, data / "valkey")
        os.environ["IIFL_BROKER_SOCKET"] = str(broker)
        call_command("migrate", interactive=False, verbosity=0)
        from iifl_server.accounts.demo import create_demo_accounts
        from iifl_server.fleets.services import ensure_run

        accounts = create_demo_accounts(options["people"])
        if options["fleet"] == TWIN:
            arms.start_twins(children, data, self._say, stopping)
        kept = ("task", "robots", "supervisors", "people", "pace", "seed", "fleet_file")
        ensure_run(**{name: options[name] for name in kept})
        web = [*manage(), "serve", "--fd", str(page.fileno())]
        children.start(Child("web", web, inherits=(page.fileno(),)))
        children.start(Child("inference", [*manage(), "worker", "inference"]))
        children.start(Child("runner", [*manage(), "runner"]))
        children.start(Child("training", [*manage(), "worker", "training"], niceness=10, stop_within_s=1.0))
        self._wait_for_page(children, page, stopping)
        if stopping:
            return
        addresses = reached_by(page, options["host"])
        allowed = environment["IIFL_ALLOWED_HOSTS"].split(",")
        addresses[0] = first_allowed(addresses, allowed, options["port"])
        self._introduce(addresses, accounts, options, children)
        if not options["no_browser"]:
            webbrowser.open(addresses[0])
        while not stopping:
            for event in children.watch():
                self._say(f"  {event}")
            time.sleep(WATCH_EVERY_S)

    def _tell_cost(self, options: dict[str, Any]) -> None:
        """Of a fleet so large that it may not keep its pace; measured, which takes some seconds."""
        if options["robots"] < LARGE:
            return
        from iifl_server.fleets.services import LONGEST_PACE_S
        from iifl_server.learning.cost import seconds_per_robot, told_cost

        per_robot = seconds_per_robot(shipped_checkpoint(options["task"]), options["task"])
        self._say(told_cost(per_robot, options["robots"], options["pace"], LONGEST_PACE_S))

    def _weights_are_there(self, task: str, stopping: list[int]) -> bool:
        """Whether a run can begin: weights that do not ship are trained at the first start, then kept."""
        with contextlib.suppress(CheckpointError):
            return bool(shipped_checkpoint(task))
        folder = made_here(task)
        self._say(f"First start of {task}: training its policy on its supervisors' demonstrations.")
        self._say(f"This takes about a minute; Ctrl-C is safe. The weights are kept in {folder}.")
        command = ["train-policy", task, "--only", "implicit", "--once", *CALIBRATION, "--out", str(folder)]
        training = subprocess.Popen(
            [*manage(), *command],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            preexec_fn=partial(die_with_parent, os.getpid()),
        )
        try:
            while training.poll() is None and not stopping:
                time.sleep(WATCH_EVERY_S)
        finally:
            if training.poll() is None:
                training.terminate()
            code = training.wait()
        if code and not stopping:
            raise CommandError(f"training for {task} failed (exit code {code}); what it said is above")
        return not stopping

    def _wait_for_page(self, children: Children, page: socket.socket, stopping: list[int]) -> None:
        deadline = time.monotonic() + SERVING_WITHIN_S
        while not stopping:
            for event in children.watch():
                self._say(f"  {event}")
            if answers_http(page):
                return
            if time.monotonic() > deadline:
                raise CommandError(
                    f"the page did not answer within {SERVING_WITHIN_S:.0f} s; see {children.log_of('web')}"
                )
            time.sleep(0.1)

    def _introduce(
        self, addresses: list[str], accounts: "DemoAccounts", options: dict[str, Any], children: Children
    ) -> None:
        self._say("")
        self._say(
            f"IIFL is running: {options['task']}, {options['robots']} robots, "
            f"{options['supervisors']} supervisors (up to {options['people']} people)"
        )
        self._say(f"  page            {addresses[0]}")
        for address in addresses[1:]:
            self._say(f"  from elsewhere  {address}")
        if settings.HTTPS:
            self._say("  IIFL_HTTPS      is 1: people sign in through a proxy that speaks HTTPS alone")
        for account in accounts.made:
            self._say(f"  {account.role:<15} {account.name} / {account.sign_in}")
        for sentence in accounts.lacking:
            self._say(f"  {sentence}")
        self._say(f"  logs            {children.log_of('runner').parent}")
        self._say("  stop            Ctrl-C")
        self._say("")

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):  # the terminal may be gone
            self.stdout.write(text)
            self.stdout.flush()


def _check(options: dict[str, Any]) -> None:
    robots, supervisors, people = options["robots"], options["supervisors"], options["people"]
    if supervisors > robots:
        raise CommandError(
            f"--supervisors {supervisors} is more than --robots {robots}; a supervisor helps one robot at a "
            f"time, valid is 1 to {robots}.",
            returncode=BAD_USAGE,
        )
    if people > supervisors:
        raise CommandError(
            f"--people {people} is more than --supervisors {supervisors}; valid is 0 to {supervisors}.",
            returncode=BAD_USAGE,
        )


def _environment(options: dict[str, Any]) -> dict[str, str]:
    return {
        "IIFL_ALLOWED_HOSTS": os.environ.get("IIFL_ALLOWED_HOSTS") or ",".join(names_of(options["host"])),
        "IIFL_DATA_MUST_EXIST": "1",
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
    }


def _stop_signals() -> list[int]:
    """A list that fills when somebody asks this process to end (Ctrl-C, kill, a closed terminal)."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, note)
    return received


@contextlib.contextmanager
def _uninterrupted(stopping: list[int]) -> Iterator[None]:
    """What fails only because somebody pressed Ctrl-C is not an error."""
    try:
        yield
    except CommandError:
        if not stopping:
            raise
