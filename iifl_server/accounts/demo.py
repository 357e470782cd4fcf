"""The demo's accounts: made once, and from then on an administrator's to change."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from iifl_server.accounts.models import AuditLog, Person, Role
from iifl_server.accounts.services import audit
from iifl_server.management.arguments import CALLED
from policy.learning.files import write_whole

MADE = "demo_account_made"
SUPERVISORS = ("ana", "ben", "chidi", "dana", "emre", "fatou", "goran", "hana")


@dataclass(frozen=True)
class DemoAccount:
    """An account that the demo made, as it is today."""

    role: str
    name: str
    sign_in: str
    """Its password, or in words why none is shown."""


@dataclass(frozen=True)
class DemoAccounts:
    """What a start of the demo tells about people."""

    made: list[DemoAccount]
    """Supervisors first."""
    lacking: list[str]
    """A sentence for each role that nobody can sign in with, and the mend."""


def create_demo_accounts(people: int, store: Path | None = None) -> DemoAccounts:
    """An account per supervisor (at least one), a technician and an administrator, each made once.

    What an administrator changed since, or removed, stays as it is. Passwords are random and kept in `store`
    (by default in the data folder), readable by its owner alone, for the next start.
    """
    store = store or Path(settings.DATA) / "demo_accounts"
    known = _read(store)
    wanted = [(_name(index), Role.SUPERVISOR) for index in range(max(people, 1))]
    wanted += [("tom", Role.TECHNICIAN), ("admin", Role.ADMINISTRATOR)]
    for name, _ in wanted:
        known.setdefault(name, secrets.token_urlsafe(9))
    _write(store, known)  # First: a password that nobody can read would be lost with the account.
    with transaction.atomic():
        for name, role in wanted:
            if not _once_made(name):
                _make(name, role, known[name])
    people_made = {person.username: person for person in Person.objects.filter(username__in=known)}
    names = [name for name, _ in wanted if name in people_made]
    return DemoAccounts([_told(people_made[name], known[name]) for name in names], _lacking())


def _once_made(name: str) -> bool:
    return (
        Person.objects.filter(username=name).exists()
        or AuditLog.objects.filter(action=MADE, name=name).exists()
    )


def _make(name: str, role: Role, password: str) -> None:
    administrates = role == Role.ADMINISTRATOR
    person = Person.objects.create_user(
        name, password=password, role=role, is_staff=administrates, is_superuser=administrates
    )
    audit(MADE, person=person)


def _told(person: Person, password: str) -> DemoAccount:
    if not person.is_active:
        sign_in = "(deactivated by an administrator)"
    elif not person.check_password(password):
        # By an administrator, by its owner, or the file with the demo's was lost: all that is known is this.
        sign_in = f"(has another password; {CALLED} manage changepassword {person.username} sets a new one)"
    else:
        sign_in = password
    return DemoAccount(person.role, person.username, sign_in)


def _lacking() -> list[str]:
    active = Person.objects.filter(is_active=True)
    sentences = []
    if not active.filter(role=Role.SUPERVISOR).exists():
        sentences.append("There is no active supervisor; an administrator adds one under /admin/.")
    if not active.filter(is_superuser=True, is_staff=True).exists():
        sentences.append(
            f"There is no active administrator; {CALLED} manage createsuperuser makes one, who signs in "
            "under /admin/ and gives roles there, also to oneself."
        )
    return sentences


def _name(index: int) -> str:
    return SUPERVISORS[index] if index < len(SUPERVISORS) else f"supervisor{index + 1}"


def _read(store: Path) -> dict[str, str]:
    """Name → password; without the lines that were cut off or damaged."""
    if not store.exists():
        return {}
    lines = store.read_bytes().decode(errors="replace").splitlines()
    pairs = (line.split(" ", 1) for line in lines if " " in line and line.isascii() and line.isprintable())
    return {name: password for name, password in pairs if name and password}


def _write(store: Path, accounts: dict[str, str]) -> None:
    lines = "".join(f"{name} {password}\n" for name, password in accounts.items())
    write_whole(store, lines.encode())
