"""Writes about people: audit entries, and the limit on failed sign-ins."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from iifl_server.accounts.models import AuditLog, Person

FAILURES_ALLOWED = 5
"""Failed sign-ins of one name from one address within `FAILURE_WINDOW`."""
FAILURES_ALLOWED_ADDRESS = 50
"""Failed sign-ins from one address within `FAILURE_WINDOW`, whatever the names."""
FAILURE_WINDOW = timedelta(minutes=5)
SIGN_IN_FAILED = "sign_in_failed"


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
