"""Writes about people: audit entries, the limit on failed sign-ins, the demo's accounts."""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from iifl_server.accounts.models import AuditLog, Person, Role

FAILURES_ALLOWED = 5
"""Failed sign-ins of one name from one address within `FAILURE_WINDOW`."""
FAILURES_ALLOWED_ADDRESS = 50
"""Failed sign-ins from one address within `FAILURE_WINDOW`, whatever the names."""
FAILURE_WINDOW = timedelta(minutes=5)
SIGN_IN_FAILED = "sign_in_failed"
DEMO_SUPERVISORS = ("ana", "ben", "chidi", "dana", "emre", "fatou", "goran", "hana")


def audit(
    action: str, *, person: Person | None = None, name: str = "", address: str = "", **detail: Any
) -> None:
    """Append one entry to the audit log."""
    AuditLog.objects.create(
        person=person,
        name=(name or (person.username if person else ""))[:150],
        action=action,
        address=address[:64],
        detail=detail,
    )


def sign_in_blocked(name: str, address: str) -> bool:
    """Whether too many sign-ins failed lately for this name from this address, or from the address."""
    recent = AuditLog.objects.filter(
        action=SIGN_IN_FAILED, address=address[:64], at__gte=timezone.now() - FAILURE_WINDOW
    )
    return (
        recent.filter(name=name[:150]).count() >= FAILURES_ALLOWED
        or recent.count() >= FAILURES_ALLOWED_ADDRESS
    )


def create_demo_accounts(people: int, store: Path | None = None) -> list[tuple[str, str, str]]:
    """Make or renew one account per supervisor (at least one) and an administrator `admin`.

    Returns (role, user name, password) of each, the supervisors first. Passwords are random and kept in
    `store` (by default in the data directory), readable by its owner alone, for the next start.
    """
    store = store or Path(settings.DATA) / "demo_accounts"
    known = _read(store)
    accounts: list[tuple[str, str, str]] = []
    with transaction.atomic():
        roles = [(_demo_name(index), Role.SUPERVISOR) for index in range(max(people, 1))]
        for name, role in [*roles, ("admin", Role.ADMINISTRATOR)]:
            password = known.setdefault(name, secrets.token_urlsafe(9))
            person, _ = Person.objects.get_or_create(username=name)
            if not person.check_password(password):
                person.set_password(password)
            person.role, person.is_active = role, True
            person.is_staff = person.is_superuser = role == Role.ADMINISTRATOR
            person.save()
            accounts.append((role.value, name, password))
    _write(store, known)
    return accounts


def _demo_name(index: int) -> str:
    return DEMO_SUPERVISORS[index] if index < len(DEMO_SUPERVISORS) else f"supervisor{index + 1}"


def _read(store: Path) -> dict[str, str]:
    if not store.exists():
        return {}
    pairs = (line.split(" ", 1) for line in store.read_text().splitlines() if " " in line)
    return {name: password for name, password in pairs}


def _write(store: Path, accounts: dict[str, str]) -> None:
    handle = os.open(store, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.writelines(f"{name} {password}\n" for name, password in accounts.items())
